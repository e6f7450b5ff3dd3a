//! What a report says, without its form: HTML and Markdown have the same tables. The runs are in
//! [`super::record`].
//!
//! * [`report`](mod@report): the parts that a report is made of; [`chart`]: a chart, with its [`axis`] and its
//!   [`scale`];
//! * [`one`]: a report of one run; [`several`]: of several runs; [`budget`]: how much of each there is room for;
//! * [`verdict`]: how a run has ended; [`facts`]: its most important numbers; [`result_table`], [`errors`],
//!   [`rejected`], [`retries`], [`options`]: its tables; [`over_time`]: its charts, and their numbers as a table;
//!   [`limit`]: the same for the limit on requests in flight;
//! * [`words`]: moments and durations as text.

mod axis;
mod budget;
mod chart;
mod errors;
mod facts;
mod limit;
mod one;
mod options;
mod over_time;
mod rejected;
mod report;
mod result_table;
mod retries;
mod scale;
mod several;
mod verdict;
mod words;

pub(super) use chart::{Chart, Curve, Shape};
pub(super) use report::{Block, Cell, Fact, Report, Section, Table};
pub(super) use verdict::Verdict;

use super::record::Run;

/// What is said about runs, of which each has the name of its event file. There is at least one.
pub(super) fn report(runs: &[(String, Run)]) -> Report {
    match runs {
        [(_, run)] => one::report(run),
        _ => several::report(runs),
    }
}
