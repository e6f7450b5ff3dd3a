//! Finalization, after an upload without an error (contract 3.1.6): pull what others
//! changed, move the global cursor, drain the change log.

use std::sync::Arc;
use std::time::Instant;

use super::Job;
use super::deliver::next_try;
use super::observer::Event;
use super::outcome::End;
use super::plan::Plan;
use super::tally::Tally;
use crate::offline::{Cursors, Finalizer, OfflineError};
use crate::protocol::{Cursor, ErrorBody, PullAnswer, PullRequest, code, status};
use crate::remote::RequestError;

/// Where errors of pulling are (contract 3.5).
const PULL_PATH: &str = "sync.pull";

/// Why finalization failed.
enum Failure {
    Offline(OfflineError),
    Remote(ErrorBody),
    Interrupted,
}

/// Finalizes; every failure goes into the tally.
pub(super) async fn finalize(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    begun_at: Option<Cursor>,
    tally: &mut Tally<'_>,
) {
    job.observer.on(&Event::Finalizing);
    match run(job, plan, begun_at, tally.cursor().cloned()).await {
        Ok(()) => {}
        Err(Failure::Offline(error)) => tally.fail_offline(&error),
        Err(Failure::Remote(body)) => tally.fail(End::Remote, body),
        Err(Failure::Interrupted) => tally.cancel(),
    }
}

async fn run(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    begun_at: Option<Cursor>,
    pushed: Option<Cursor>,
) -> Result<(), Failure> {
    if job.stop.is_requested() {
        return Err(Failure::Interrupted);
    }
    let (database, schema, seq) = (job.database.clone(), (*job.schema).clone(), plan.seq);
    let mut finalizer =
        super::blocking(move || Finalizer::open(&database, schema, seq)).await.map_err(Failure::Offline)?;
    if job.options.pull_after {
        finalizer = pull(job, plan.cursors.clone(), begun_at, finalizer).await?;
    }
    let cursor = pushed.filter(|_| job.options.set_global_cursor_on_success);
    let scope = job.options.clear_changelog_on_success.then(|| plan.scope.clone());
    let unreadable = super::blocking(move || finalizer.finish(cursor.as_ref(), scope.as_ref()))
        .await
        .map_err(Failure::Offline)?;
    if unreadable > 0 {
        let message = format!("{unreadable} change log entries cannot be read and stay where they are");
        job.observer.on(&Event::Warning(&message));
    }
    Ok(())
}

/// Pulls page by page until the database has caught up.
///
/// Where the server can do that, it leaves out what this upload has sent: its own changes
/// since `begun_at`. Older ones it must tell, for the database may have lost them.
async fn pull(
    job: &Job<'_>,
    start: Cursors,
    begun_at: Option<Cursor>,
    mut finalizer: Finalizer,
) -> Result<Finalizer, Failure> {
    let mut request = PullRequest {
        client_id: job.client_id.clone(),
        cursor: start.global,
        limit: job.options.pull_limit.min(job.server.limits.max_limit.unwrap_or(u64::MAX)).max(1),
        cursors: start.tables,
        exclude_own_after: begun_at.filter(|_| job.server.has(status::PULL_EXCLUDE_OWN)),
    };
    loop {
        let page = pull_page(job, &request).await?;
        let is_last = advance(&mut request, &page).map_err(|message| Failure::Remote(broken(message)))?;
        let (returned, applied) = super::blocking(move || {
            let applied = finalizer.apply(&page)?;
            Ok((finalizer, applied))
        })
        .await
        .map_err(Failure::Offline)?;
        finalizer = returned;
        for warning in &applied.warnings {
            job.observer.on(&Event::Warning(warning));
        }
        job.observer.on(&Event::Pulled { changes: applied.changes });
        if is_last {
            return Ok(finalizer);
        }
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

/// Asks for one page, and again after transport errors.
async fn pull_page(job: &Job<'_>, request: &PullRequest) -> Result<PullAnswer, Failure> {
    let backoff = job.remote.backoff(job.options.max_retries());
    let begun = Instant::now();
    for retries in 0.. {
        if job.stop.is_requested() {
            return Err(Failure::Interrupted);
        }
        let (message, retry_after) = match job.remote.pull(request).await {
            Ok(page) => return Ok(page),
            Err(RequestError::Transient { message, retry_after, .. }) => (message, retry_after),
            Err(RequestError::Forbidden(body)) => {
                return Err(Failure::Remote(ErrorBody::new(code::FORBIDDEN, body.message, PULL_PATH)));
            }
            Err(RequestError::Refused(body)) => return Err(Failure::Remote(body)),
            Err(error) => return Err(Failure::Remote(broken(error.to_string()))),
        };
        let wait = next_try(&backoff, retries, retry_after, begun, &message)
            .map_err(|message| Failure::Remote(broken(message)))?;
        let max_retries = backoff.max_retries();
        job.observer.on(&Event::Retrying { retry: retries + 1, max_retries, wait, reason: &message });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = job.stop.requested() => return Err(Failure::Interrupted),
        }
    }
    unreachable!("the back-off ends before the integers do")
}

fn broken(message: String) -> ErrorBody {
    ErrorBody::new(code::TRANSPORT_ERROR, message, PULL_PATH)
}
