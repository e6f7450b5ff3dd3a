//! Asking for pages of changes: again after transport errors, and behind the last page.

use std::time::Instant;

use crate::cloneup::observer::{Event, Observer};
use crate::cloneup::outcome::End;
use crate::cloneup::outcome::interrupted;
use crate::cloneup::send::batch_sender::next_try;
use crate::cloneup::stop::Stop;
use crate::protocol::{ErrorBody, PullAnswer, PullRequest, code};
use crate::remote::{Remote, RequestError};

/// Where errors of pulling are (contract 3.5).
const PULL_PATH: &str = "sync.pull";

/// Asks for pages.
pub(crate) struct Puller<'a> {
    pub(crate) remote: &'a Remote,
    pub(crate) max_retries: u32,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) stop: &'a Stop,
}

/// Why there is no page.
pub(crate) enum PullFailure {
    Remote(ErrorBody),
    Interrupted,
}

impl PullFailure {
    fn broken(message: impl Into<String>) -> Self {
        Self::Remote(ErrorBody::new(code::TRANSPORT_ERROR, message, PULL_PATH))
    }

    /// The failure as a result shows it.
    pub(crate) fn report(self) -> (End, ErrorBody) {
        match self {
            Self::Remote(body) => (End::Remote, body),
            Self::Interrupted => interrupted(),
        }
    }
}

impl Puller<'_> {
    /// Asks for a page, and moves the request behind it; says whether it was the last one.
    pub(crate) async fn next(&self, request: &mut PullRequest) -> Result<(PullAnswer, bool), PullFailure> {
        let page = self.page(request).await?;
        let is_last = advance(request, &page).map_err(PullFailure::broken)?;
        Ok((page, is_last))
    }

    async fn page(&self, request: &PullRequest) -> Result<PullAnswer, PullFailure> {
        let backoff = self.remote.backoff(self.max_retries);
        let begun = Instant::now();
        for retries in 0.. {
            if self.stop.is_requested() {
                return Err(PullFailure::Interrupted);
            }
            let (message, retry_after) = match self.remote.pull(request).await {
                Ok(page) => return Ok(page),
                Err(RequestError::Transient { message, retry_after, .. }) => (message, retry_after),
                Err(RequestError::Forbidden(body)) => {
                    let body = ErrorBody::new(code::FORBIDDEN, body.message, PULL_PATH);
                    return Err(PullFailure::Remote(body));
                }
                Err(RequestError::Refused(body)) => return Err(PullFailure::Remote(body)),
                Err(error) => return Err(PullFailure::broken(error.to_string())),
            };
            let wait =
                next_try(&backoff, retries, retry_after, begun, &message).map_err(PullFailure::broken)?;
            let max_retries = backoff.max_retries();
            self.observer.on(&Event::Retrying { retry: retries + 1, max_retries, wait, reason: &message });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.requested() => return Err(PullFailure::Interrupted),
            }
        }
        unreachable!("the back-off ends before the integers do")
    }
}

/// Moves the request behind a page; returns whether it was the last one.
///
/// A page that promises more must move it, or pulling would never end.
fn advance(request: &mut PullRequest, page: &PullAnswer) -> Result<bool, String> {
    match page {
        PullAnswer::Feed { next: None, .. } => Ok(true),
        PullAnswer::Feed { next: Some(next), .. } if *next <= request.cursor => {
            Err(format!("the server's nextCursor {next} does not advance from {}", request.cursor))
        }
        PullAnswer::Feed { next: Some(next), .. } => {
            request.cursor = next.clone();
            Ok(false)
        }
        PullAnswer::Tables { tables, has_more } => {
            let mut has_moved = false;
            for (name, changes) in tables {
                let current = request.cursors.get(name);
                if let Some(cursor) = changes.cursor.as_ref().filter(|cursor| Some(*cursor) > current) {
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
