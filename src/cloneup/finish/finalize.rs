//! Finalization, after an upload without a failure (contract 3.1.6): pull what other clients
//! changed, move the global cursor, drain the change log.

use super::catch_up::catch_up;
use super::page_limit::PageLimit;
use super::pull::Puller;
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::Failure;
use crate::cloneup::job::Job;
use crate::cloneup::observer::{Activity, Event};
use crate::cloneup::plan::Plan;
use crate::failpoint;
use crate::offline::{Cursors, Finalizer};
use crate::protocol::{Cursor, PullRequest, status};

/// Finalizes an upload.
///
/// `begun_at` is the server's sequence before the upload began, where the server says it;
/// `pushed` is the highest push cursor.
pub(crate) async fn finalize(
    job: &Job<'_>,
    plan: &Plan,
    begun_at: Option<Cursor>,
    pushed: Option<Cursor>,
) -> Result<(), Failure> {
    job.observer.on(&Event::Finalizing);
    if job.cancellation.is_cancelled() {
        return Err(Failure::interrupted());
    }
    let cursor = pushed.filter(|_| job.options.set_global_cursor_on_success);
    let drain = plan.drains(&job.options);
    // A database that nothing has to be written to may be read-only.
    if !job.options.pull_after && cursor.is_none() && !drain {
        return Ok(());
    }
    let (database, schema) = (job.database.clone(), (*job.schema).clone());
    let (seq, scope) = (plan.seq, plan.scope.clone());
    let store_id = store_id(job, plan).await;
    let mut start = plan.cursors.clone().for_store(store_id.as_deref());
    start.global = start.global.max(plan.equal_at.clone().unwrap_or_else(Cursor::zero));
    let opened = blocking(move || Finalizer::open(&database, schema, seq, scope)).await?;
    let mut finalizer = opened.store_id(store_id);
    if job.options.pull_after {
        finalizer = pull(job, start, begun_at, finalizer).await?;
    }
    failpoint::reach("pulled");
    let unreadable = blocking(move || finalizer.finish(cursor.as_ref(), drain)).await?;
    if unreadable > 0 {
        let message = format!("{unreadable} change log entries cannot be read and stay where they are");
        job.observer.on(&Event::Warning(&message));
    }
    Ok(())
}

/// The id of the server's store, where it has one. Where the database knows whose its cursors are
/// and the server did not say its id when the run began, it is asked once more: with the cursors of
/// another server, changes would never be pulled.
async fn store_id(job: &Job<'_>, plan: &Plan) -> Option<String> {
    if job.server.store_id.is_some() || plan.cursors.store_id.is_none() {
        return job.server.store_id.clone().filter(|id| !id.is_empty());
    }
    job.remote.status().await.ok()?.store_id.filter(|id| !id.is_empty())
}

/// Pulls until the database has caught up.
///
/// A server with the extension leaves out what this upload has sent: the client's own changes
/// since `begun_at`. Older ones must be pulled, because the database may have lost them.
async fn pull(
    job: &Job<'_>,
    start: Cursors,
    begun_at: Option<Cursor>,
    finalizer: Finalizer,
) -> Result<Finalizer, Failure> {
    let limit = PageLimit::at_most(job.options.pull_limit.get(), job.server.limits.max_limit);
    let mut request = PullRequest {
        client_id: job.client_id.clone(),
        cursor: start.global,
        limit: limit.get(),
        cursors: start.tables,
        exclude_own_after: begun_at.filter(|_| job.is_only_one && job.server.has(status::PULL_EXCLUDE_OWN)),
        started_at: None,
    };
    let mut puller = Puller {
        remote: job.remote,
        max_retries: job.options.max_retries,
        observer: job.observer,
        cancellation: &job.cancellation,
        gate: Some(&job.gate),
        limit,
    };
    job.observer.on(&Event::Activity(Activity::AwaitingAnswers));
    let first = puller.next(&mut request).await?;
    catch_up(puller, request, first, finalizer).await
}
