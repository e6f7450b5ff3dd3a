//! How a run has ended, and what that is called.

use crate::numbers::{counted, grouped};
use crate::protocol::code;
use crate::report::event::Errors;
use crate::report::record::{End, Run};

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Verdict {
    /// Everything was uploaded.
    Done,
    /// The server rejected mutations.
    Rejected,
    Failed,
    Interrupted,
    /// Its events end before it does.
    Unfinished,
}

impl Verdict {
    pub(super) fn of(run: &Run) -> Self {
        match &run.end {
            End::Applied(_) => Self::Done,
            End::Failed(errors) => Self::of_errors(errors),
            End::Missing { .. } => Self::Unfinished,
        }
    }

    /// An interruption is told first: it is why there is no more. A rejected mutation has an id, unless it
    /// was too large to be sent.
    fn of_errors(errors: &Errors) -> Self {
        let mut first = errors.first.iter();
        if first.clone().any(|error| error.mutation_id.is_empty() && error.body.code == code::CANCELLED) {
            Self::Interrupted
        } else if errors.count > 0
            && first.all(|error| !error.mutation_id.is_empty() || error.body.code == code::LIMIT_EXCEEDED)
        {
            Self::Rejected
        } else {
            Self::Failed
        }
    }

    /// In one word.
    pub(in crate::report) fn word(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unfinished => "unfinished",
        }
    }
}

/// The verdict on a run in words.
pub(super) fn title(run: &Run) -> String {
    let verdict = Verdict::of(run);
    let counts = run.counts.as_ref();
    let (done, total) = counts.map_or((0, 0), |counts| (counts.done, counts.total));
    let so_far = format!("{} of {}", grouped(done), counted(total, "row"));
    let is_sent = counts.is_some_and(|counts| counts.requests > 0);
    match verdict {
        Verdict::Done if is_finalization(run) => "Finalized".to_owned(),
        Verdict::Done => format!("Uploaded {}", counted(done, "row")),
        Verdict::Rejected => {
            let rejected = counts.map_or(0, |counts| counts.rejected).max(1);
            let verb = if rejected == 1 { "was" } else { "were" };
            format!("{} {verb} rejected", counted(rejected, "mutation"))
        }
        Verdict::Failed if is_sent => format!("Failed after {so_far}"),
        Verdict::Failed if is_finalization(run) => "The finalization failed".to_owned(),
        Verdict::Failed => "Failed before anything was sent".to_owned(),
        Verdict::Interrupted => format!("Interrupted after {so_far}"),
        Verdict::Unfinished => format!("No end: the events stop after {so_far}"),
    }
}

/// Whether the run is a finalization alone, which sends no rows.
fn is_finalization(run: &Run) -> bool {
    let options = run.started.as_ref().map(|started| &started.options);
    options.and_then(|options| options.get("stage")).is_some_and(|stage| stage == "finalize")
}

/// What a person should know about the end, if anything.
pub(super) fn note(run: &Run) -> Option<String> {
    let text = match (&run.end, Verdict::of(run)) {
        (End::Missing { is_cut: true }, _) => {
            "The last line of the event file is cut off: the run was killed, the disk was full, or the run is \
             still going on."
        }
        (End::Missing { is_cut: false }, _) => {
            "The events have no end: the run was killed, or is still going on. The same command continues it."
        }
        (_, Verdict::Interrupted) => "The same command finishes the upload.",
        (_, _) if run.is_restarted => {
            "An earlier run could not be continued, because the data or the server has changed: the upload \
             began anew."
        }
        _ => return None,
    };
    Some(text.to_owned())
}
