//! The events of a run as a report needs them (`docs/events.schema.json`). What is made of them is in
//! [`super::record`]; they are written by the command line.
//!
//! * [`event`](mod@event): a line, by its type; [`plan`](mod@plan): what a run begins with; [`counts`]: how far it is;
//!   [`end`]: its end.

mod counts;
mod end;
#[expect(clippy::module_inception, reason = "the word for it")]
mod event;
mod plan;

pub(crate) use counts::{Progress, RunCounts, Stage};
pub(crate) use end::{Applied, Counts, Errors, Stats};
pub(crate) use event::{Event, EventError, What};
pub(crate) use plan::{LimitChange, Part, PartKind, Rejected, Resumed, Started};
