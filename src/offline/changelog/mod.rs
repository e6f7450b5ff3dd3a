//! The change log that the application keeps of its own edits, in the table
//! `__datafn_changelog` (contract 1.3).
//!
//! An upload asks it four things: up to which `seq` a snapshot goes, which deletes made offline
//! must be pushed, which records a pull must not overwrite, and which entries an upload has
//! covered, so that they can be removed. Writing pulled changes is the job of [`super::write`].
//!
//! [`table`] has the SQL, [`entry`] the meaning of one entry, [`presence`] looks up whether its subject
//! is in the database; [`offline_deletes`](mod@offline_deletes), [`touched`] and [`edited_since`] answer the
//! questions.

mod edited_since;
mod entry;
mod offline_deletes;
mod presence;
mod table;
mod touched;

pub use edited_since::EditedSince;
pub use entry::Scope;
pub use offline_deletes::{OfflineDelete, offline_deletes};
pub use table::ChangeLog;
pub use touched::touched_since;
pub(super) use touched::{LocalChanges, Touched};
