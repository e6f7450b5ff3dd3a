//! Pulls until the database has caught up: each page is written while the next one is on its way. What a
//! page does to the database is decided in [`crate::offline`].

use super::pull::{Page, Puller};
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::Failure;
use crate::cloneup::observer::{Activity, Event};
use crate::failpoint;
use crate::offline::Finalizer;
use crate::protocol::PullRequest;

/// Writes a page, and all that follow it, into the database.
///
/// At most one page is on its way while another is written, which bounds the memory. A page that was
/// pulled is written even when the pull of the next one fails.
pub(crate) async fn catch_up(
    mut puller: Puller<'_>,
    mut request: PullRequest,
    mut page: Page,
    mut finalizer: Finalizer,
) -> Result<Finalizer, Failure> {
    let observer = puller.observer;
    loop {
        let Page { answer, is_last } = page;
        observer.on(&Event::Activity(Activity::WritingChanges));
        let cursor = answer.end.cursor().cloned();
        let writing = blocking(move || {
            let applied = finalizer.apply(&answer);
            (finalizer, applied)
        });
        let pulling = async { if is_last { Ok(None) } else { puller.next(&mut request).await.map(Some) } };
        tokio::pin!(writing, pulling);
        let ((returned, applied), follower) = tokio::select! {
            written = &mut writing => (written, None),
            next = &mut pulling => (writing.await, Some(next)),
        };
        finalizer = returned;
        let applied = applied?;
        for warning in &applied.warnings {
            observer.on(&Event::Warning(warning));
        }
        failpoint::reach("page-written");
        observer.on(&Event::Pulled { changes: applied.changes, cursor: cursor.as_ref() });
        let next = match follower {
            Some(next) => next,
            None => {
                observer.on(&Event::Activity(Activity::AwaitingAnswers));
                pulling.await
            }
        };
        match next? {
            Some(next) => page = next,
            None => return Ok(finalizer),
        }
    }
}
