//! Uploads of many databases to one server (contract 3.7): up to a number of them side by side, with one
//! HTTP client, one level of concurrency and one pause for all. The upload of one database is
//! [`super::Upload`]; what they have in common is in [`super::shared`].
//!
//! * [`source`]: a database that is opened when its turn comes;
//! * [`observer`]: who hears of which database;
//! * [`outcome`], [`results`]: what comes out, at the end and at any time before;
//! * [`uploads`]: which database is next, and when no new one begins;
//! * [`preview`]: a dry run.

mod observer;
mod outcome;
mod preview;
mod results;
mod source;
mod uploads;

pub use observer::DatabasesObserver;
pub use outcome::{DatabaseOutcome, DatabasesOutcome};
pub use preview::{DatabasePreview, DatabasesPreview};
pub use results::Results;
pub use source::{OpenDatabase, Source};
pub use uploads::Uploads;
