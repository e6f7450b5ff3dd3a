//! What follows when everything is sent: the finalization, the note of a part that has ended, and the
//! comparison. When each is due is decided in [`super::run`].

use std::sync::Arc;

use super::blocking::blocking;
use super::failure::Failure;
use super::finish::finalize::finalize;
use super::finish::staged::finalize_staged;
use super::job::Job;
use super::observer::Event;
use super::options::Options;
use super::plan::Plan;
use super::progress::tally::Tally;
use super::progress::{CheckpointWriter, EndedPart, EndedParts};
use super::stage::Stage;
use super::verify::Comparison;
use crate::protocol::{ErrorBody, code};

/// Finalizes a whole upload, or one that other runs have uploaded; returns the `seq` of the last change
/// log entry that the upload has covered.
pub(super) async fn finish(
    job: &Job<'_>,
    plan: &Plan,
    checkpoints: &CheckpointWriter,
    tally: &mut Tally<'_>,
) -> Result<i64, Failure> {
    if job.options.stage == Stage::Finalize {
        let (covered, cursor) = finalize_staged(job, plan).await?;
        tally.add_cursor(cursor);
        return Ok(covered.seq);
    }
    let (begun_at, pushed) = (checkpoints.begun_at().cloned(), tally.cursor().cloned());
    finalize(job, plan, begun_at, pushed).await?;
    Ok(plan.seq)
}

/// Notes beside the database that a part of a staged upload has ended; after a finalization all parts are
/// forgotten.
pub(super) async fn note_end(job: &Job<'_>, plan: &Plan, checkpoints: &CheckpointWriter, tally: &Tally<'_>) {
    if !job.options.is_whole() {
        return;
    }
    let database = job.database.clone();
    if job.options.finalizes() {
        return blocking(move || EndedParts::forget(&database)).await;
    }
    let (stage, seq, cursor) = (job.options.stage, plan.seq, tally.cursor().cloned());
    let part = EndedPart { stage, seq, cursor, begun_at: checkpoints.begun_at().cloned() };
    let identity = job.staged_identity();
    if let Err(why) = blocking(move || EndedParts::add(&database, &identity, part)).await {
        let message = format!("the finalization will leave the change log as it is, because {why}");
        job.observer.on(&Event::Warning(&message));
    }
}

/// Compares both sides after the upload; every table that differs is a failure.
///
/// `seq` is that of the last change log entry that the upload has covered.
pub(super) async fn compare(job: &Job<'_>, plan: &Plan, seq: i64, tally: &mut Tally<'_>) {
    // A finalization ends a whole upload.
    let stage = if job.options.finalizes() { Stage::All } else { job.options.stage };
    let comparison = Comparison::shared(job.database.clone(), job.remote.clone(), Arc::clone(&job.schema))
        .options(Options { stage, ..(*job.options).clone() })
        .observer(job.observer)
        .cancellation(job.cancellation.clone())
        .after(seq, plan.limited.clone(), job.server.clone());
    let verification = Box::pin(comparison.run()).await;
    for failure in verification.failures {
        tally.fail(failure);
    }
    for table in verification.tables.iter().filter(|table| table.differences() > 0) {
        let message = format!(
            "the server does not have what the database has: {} missing, {} different, {} extra",
            table.missing, table.different, table.extra
        );
        tally.fail(Failure::refused(ErrorBody::new(code::NOT_EQUAL, message, &table.name)));
    }
}
