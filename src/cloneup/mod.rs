//! The job: everything in the offline database goes to the server (contract 3.1).
//!
//! [`Upload`] is a whole run, [`Uploads`] the runs of many databases, [`ServerClone`] the way back,
//! [`Comparison`] compares both sides, [`inspect`] looks at a database without a server. A run reads like
//! the contract: [`run`] makes a [`plan`] from a snapshot, the
//! [`upload`] loop executes it, [`finish`] pulls and finalizes. The pipeline, each step importing
//! only from those before it:
//!
//! * [`stage`], [`options`], [`observer`], [`failure`], [`outcome`]: what goes in and what comes out;
//! * [`plan`]: what is uploaded, in which order, checked before the first byte is sent;
//! * [`encode`]: rows become batches, on a reading thread and one to four encoding threads;
//! * [`send`]: batches in flight, retried with exponential backoff, as many as AIMD allows;
//! * [`progress`]: one tally of all answers, and the checkpoint of the acknowledged prefix;
//! * [`ending`]: what follows the last batch, in its order;
//! * [`finish`]: pulling, which a clone does as well, and finalization;
//! * [`compare`]: what differs between both sides; [`narrowing`] leaves only that in a plan;
//! * [`job`], [`blocking`], [`reports`]: what every step needs, and work on blocking threads;
//! * [`missing_route`], [`server_check`], [`server_status`]: the base URL that was probably meant, the
//!   check of the server in a dry run, and its status in any other run;
//! * [`upload`], then [`run`], [`preview`] with [`preview_changes`], [`verify`], [`clone`](mod@clone) and
//!   [`inspect`](mod@inspect): what a library user calls; [`merge`](mod@merge) adds up the results of several
//!   runs;
//! * [`many`]: uploads of many databases, and what they have in common ([`shared`]).
//!
//! Nothing here knows a terminal, a flag or SQL.
//!
//! Failures are part of the result, each with a kind, a code and the typed error that led to it:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use synctool::cloneup::{FailureKind, Options, Upload};
//! use synctool::offline::Database;
//! use synctool::remote::{Remote, RemoteConfig};
//! use synctool::schema::Schema;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("app.db");
//! rusqlite::Connection::open(&path)?
//!     .execute_batch("CREATE TABLE tags (id TEXT PRIMARY KEY); INSERT INTO tags VALUES ('g1')")?;
//! let schema = Schema::parse(
//!     r#"{"resources": [{"name": "tags", "version": 1, "fields": []}], "relations": []}"#,
//! )?;
//!
//! // No server listens there.
//! let remote = Remote::new(&RemoteConfig::new("http://127.0.0.1:9/datafn"))?;
//! let options = Options { max_retries: 0, ..Options::default() };
//! let outcome = Upload::new(Database::open(&path)?, remote, schema).options(options).run().await;
//!
//! assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote));
//! assert_eq!(outcome.failures[0].body().code, "TRANSPORT_ERROR");
//! # Ok(())
//! # }
//! ```

mod blocking;
mod clone;
mod compare;
mod encode;
mod ending;
mod failure;
mod finish;
mod inspect;
mod job;
mod many;
mod merge;
mod missing_route;
mod narrowing;
mod observer;
mod options;
mod outcome;
mod plan;
mod preview;
mod preview_changes;
mod progress;
mod reports;
mod run;
mod send;
mod server_check;
mod server_status;
mod shared;
mod stage;
mod upload;
mod verify;

pub use clone::{CloneOptions, CloneOutcome, CloneStats, ServerClone};
pub use compare::{Difference, DifferenceKind, FieldDifference, TableCounts};
#[cfg(feature = "cli")]
pub(crate) use failure::PULL_PATH;
pub use failure::{Cause, Failure, FailureKind, Failures, Subject, most_severe};
pub use inspect::{InspectedPart, Inspection, inspect};
pub use many::{
    DatabaseOutcome, DatabasePreview, DatabasesObserver, DatabasesOutcome, DatabasesPreview, OpenDatabase,
    Results, Source, Uploads,
};
pub use merge::{Counts, MergedResult, NoResult, PartResult, merge};
pub use narrowing::Deletions;
pub use observer::{Activity, Event, Observer, PartKind, PlannedPart};
pub use options::{Concurrency, MAX_CONCURRENCY, MaxErrors, Options, Selection};
pub use outcome::{DeleteStats, JoinStats, Outcome, RecordStats, RunStats, Stats};
pub use preview::{Finalization, Preview, PreviewPart};
pub use preview_changes::{PreviewChanges, PreviewDeleted};
pub use progress::checkpoint::Unfinished;
pub use run::Upload;
pub use send::gate::RequestGate;
pub use server_check::ServerCheck;
pub use stage::Stage;
pub use tokio_util::sync::CancellationToken;
pub use verify::{Comparison, Verification};

pub use crate::mutation::{InvalidShard, RecordOperation, Shard};
