//! Pulling pages of changes (contract 3.4): retries, and the cursor after each page. Pages are written to
//! the database by [`crate::offline`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::page_limit::PageLimit;
use crate::cloneup::failure::{Failure, PULL_PATH};
use crate::cloneup::observer::Observer;
use crate::cloneup::send::gate::RequestGate;
use crate::cloneup::send::retry::{
    Cancelled, Request, SendError, TryError, grace_is_over, send_with_retries,
};
use crate::protocol::{PageEnd, PullAnswer, PullRequest};
use crate::remote::{Remote, RequestError, TransportKind};

/// Pulls page after page.
pub(crate) struct Puller<'a> {
    pub(crate) remote: &'a Remote,
    pub(crate) max_retries: u32,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) cancellation: &'a CancellationToken,
    /// The gate of an upload, whose other requests count together with this one.
    pub(crate) gate: Option<&'a RequestGate>,
    /// How many changes the next page has at most.
    pub(crate) limit: PageLimit,
}

/// A page of changes.
pub(crate) struct Page {
    pub(crate) answer: PullAnswer,
    /// Whether there are no changes after it.
    pub(crate) is_last: bool,
}

impl Puller<'_> {
    /// Pulls a page, and moves the request's cursors past it.
    pub(crate) async fn next(&mut self, request: &mut PullRequest) -> Result<Page, Failure> {
        let (backoff, observer) = (self.remote.backoff(self.max_retries), self.observer);
        let _permit = match self.gate {
            Some(gate) => Some(gate.permit().await),
            None => None,
        };
        let mut pull = Pull { puller: self, request };
        let answer = send_with_retries(&mut pull, &backoff, observer).await;
        let answer = answer.map_err(|error| match error {
            SendError::Cancelled => Failure::interrupted(),
            SendError::Failed(error) => match error.source {
                RequestError::Forbidden(body) => Failure::forbidden(body.message, PULL_PATH),
                RequestError::Refused(body) => Failure::remote(body),
                _ => Failure::transport(error, PULL_PATH),
            },
        })?;
        self.limit.adapt(&answer);
        let is_last =
            advance(request, &answer.end).map_err(|message| Failure::broken_protocol(message, PULL_PATH))?;
        Ok(Page { answer, is_last })
    }
}

/// The request for one page, which may be sent several times.
struct Pull<'p, 'a> {
    puller: &'p mut Puller<'a>,
    request: &'p mut PullRequest,
}

impl Request for Pull<'_, '_> {
    type Answer = PullAnswer;

    fn target(&self) -> (&'static str, String) {
        ("POST", self.puller.remote.pull_url())
    }

    async fn send(&mut self) -> Result<PullAnswer, TryError> {
        let turn = tokio::select! {
            biased;
            () = self.puller.cancellation.cancelled() => return Err(TryError::Cancelled),
            turn = self.puller.remote.pace().turn() => turn,
        };
        self.request.limit = self.puller.limit.get();
        let answer = tokio::select! {
            answer = self.puller.remote.pull(turn, self.request) => answer,
            () = grace_is_over(self.puller.cancellation) => return Err(TryError::Cancelled),
        };
        if let Err(error) = &answer
            && error.kind() == Some(TransportKind::AnswerTooLarge)
        {
            self.puller.limit.halve();
        }
        answer.map_err(TryError::Failed)
    }

    async fn pause(&mut self, wait: Duration, is_throttled: bool) -> Result<(), Cancelled> {
        if is_throttled {
            self.puller.remote.pace().hold(wait);
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.puller.cancellation.cancelled() => Err(Cancelled),
        }
    }
}

/// Moves the request's cursors past a page; returns whether it was the last one.
///
/// A page that promises more must move them, or pulling would never end.
fn advance(request: &mut PullRequest, end: &PageEnd) -> Result<bool, String> {
    match end {
        PageEnd::Feed { next: None, .. } => Ok(true),
        PageEnd::Feed { next: Some(next), .. } if *next <= request.cursor => {
            Err(format!("the server's nextCursor {next} does not advance from {}", request.cursor))
        }
        PageEnd::Feed { next: Some(next), started_at, .. } => {
            request.cursor = next.clone();
            // Of the first page; the further ones need not repeat it.
            request.started_at = request.started_at.take().or_else(|| started_at.clone());
            Ok(false)
        }
        PageEnd::Tables { cursors, has_more } => {
            let mut has_moved = false;
            for (name, cursor) in cursors {
                if request.cursors.get(name).is_none_or(|current| cursor > current) {
                    request.cursors.insert(name.clone(), cursor.clone());
                    has_moved = true;
                }
            }
            if *has_more && !has_moved {
                return Err("the server says that there is more, but its cursors do not advance".to_owned());
            }
            Ok(!has_more)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::protocol::Cursor;

    fn request(cursor: u64) -> PullRequest {
        PullRequest {
            client_id: "c".to_owned(),
            cursor: Cursor::from(cursor),
            limit: 10,
            cursors: BTreeMap::new(),
            exclude_own_after: None,
            started_at: None,
        }
    }

    fn page(next: Option<u64>) -> PageEnd {
        PageEnd::Feed { next: next.map(Cursor::from), reached: None, last: None, started_at: None }
    }

    #[test]
    fn a_page_moves_the_cursor_and_the_last_one_has_no_next() {
        let mut request = request(5);
        assert_eq!(advance(&mut request, &page(Some(9))), Ok(false));
        assert_eq!(request.cursor, Cursor::from(9));
        assert_eq!(advance(&mut request, &page(None)), Ok(true));
    }

    #[test]
    fn further_pages_repeat_where_the_pull_started() {
        let mut request = request(0);
        for (next, started_at) in [(9, Some(Cursor::from(20))), (12, None)] {
            let page =
                PageEnd::Feed { next: Some(Cursor::from(next)), reached: None, last: None, started_at };
            assert_eq!(advance(&mut request, &page), Ok(false));
            assert_eq!(request.started_at, Some(Cursor::from(20)));
        }
    }

    #[test]
    fn a_page_that_promises_more_without_moving_a_cursor_breaks_the_protocol() {
        assert!(advance(&mut request(5), &page(Some(5))).is_err());
        let tables = PageEnd::Tables { cursors: BTreeMap::new(), has_more: true };
        assert!(advance(&mut request(5), &tables).is_err());
    }
}
