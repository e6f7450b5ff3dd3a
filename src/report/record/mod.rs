//! What a report keeps of a run, in memory that does not grow with the run. The events are in
//! [`super::event`]; what is shown of it is in [`super::content`].
//!
//! * [`run`]: a run, made of its events; [`series`]: its counts over time; [`limits`]: the limit on requests in
//!   flight over time; [`totals`]: the counts of several runs together; [`file`](mod@file): reads the runs in an event
//!   file.

mod file;
mod limits;
mod run;
mod series;
mod totals;

pub(crate) use file::{ReadError, read};
pub(super) use limits::LimitStep;
pub(super) use run::{End, PartState};
pub(crate) use run::{MAX_REJECTED, Run};
pub(super) use series::Interval;
pub(super) use totals::Totals;
