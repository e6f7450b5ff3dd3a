//! Reports: the events of a run become one page of HTML, tables in Markdown, or metrics (contract 3.10). A
//! report depends on the events alone, and its size does not grow with the run. This knows nothing of a
//! run beside its events, and of no terminal.
//!
//! * [`event`]: the events as a report needs them; [`record`]: what is kept of a run;
//! * [`content`]: what a report says; [`html`], [`markdown`]: its forms; [`shown`]: text of data and server;
//! * [`metrics`](mod@metrics): the counts in the Prometheus text format.

mod content;
mod event;
mod html;
mod markdown;
mod metrics;
mod record;
mod shown;

pub(crate) use event::{Event, What};
pub(crate) use metrics::metrics;
pub(crate) use record::{ReadError, Run, read};

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One page, without scripts, that fetches nothing.
    Html,
    /// Tables for the summary of a job.
    Markdown,
}

/// The report of runs, each with the name of its event file; there is at least one.
pub(crate) fn report(runs: &[(String, Run)], form: Form) -> String {
    let report = content::report(runs);
    match form {
        Form::Html => html::page(&report),
        Form::Markdown => markdown::text(&report),
    }
}
