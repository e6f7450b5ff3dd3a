//! Finalization, after an upload without an error (contract 3.1.6): pull what others
//! changed, move the global cursor, drain the change log.

use std::sync::Arc;

use crate::cloneup::finish::pull::{PullFailure, Puller};
use crate::cloneup::observer::Event;
use crate::cloneup::plan::make::Plan;
use crate::cloneup::progress::tally::Tally;
use crate::cloneup::run::Job;
use crate::failpoint;
use crate::offline::{Cursors, Finalizer, OfflineError};
use crate::protocol::{Cursor, PullRequest, status};

/// Why finalization failed.
enum Failure {
    Offline(OfflineError),
    Pull(PullFailure),
}

/// Finalizes; every failure goes into the tally.
pub(crate) async fn finalize(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    begun_at: Option<Cursor>,
    tally: &mut Tally<'_>,
) {
    job.observer.on(&Event::Finalizing);
    match run(job, plan, begun_at, tally.cursor().cloned()).await {
        Ok(()) => {}
        Err(Failure::Offline(error)) => {
            tally.fail_offline(&error);
            if job.stop.is_requested() {
                tally.cancel();
            }
        }
        Err(Failure::Pull(failure)) => {
            let (end, body) = failure.report();
            tally.fail(end, body);
        }
    }
}

async fn run(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    begun_at: Option<Cursor>,
    pushed: Option<Cursor>,
) -> Result<(), Failure> {
    if job.stop.is_requested() {
        return Err(Failure::Pull(PullFailure::Interrupted));
    }
    let (database, schema, seq, scope) =
        (job.database.clone(), (*job.schema).clone(), plan.seq, plan.scope.clone());
    let opened =
        crate::cloneup::blocking::blocking(move || Finalizer::open(&database, schema, seq, scope)).await;
    let mut finalizer = opened.map_err(Failure::Offline)?;
    if job.options.pull_after {
        finalizer = pull(job, plan.cursors.clone(), begun_at, finalizer).await?;
    }
    failpoint::reach("pulled");
    let cursor = pushed.filter(|_| job.options.set_global_cursor_on_success);
    let drain = job.options.clear_changelog_on_success;
    let unreadable = crate::cloneup::blocking::blocking(move || finalizer.finish(cursor.as_ref(), drain))
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
    let puller = Puller {
        remote: job.remote,
        max_retries: job.options.max_retries(),
        observer: job.observer,
        stop: &job.stop,
    };
    loop {
        let (page, is_last) = puller.next(&mut request).await.map_err(Failure::Pull)?;
        let (returned, applied) = crate::cloneup::blocking::blocking(move || {
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
