//! The file that a clone writes to (contract 3.9): [`file`](mod@file) decides whether it may be written to,
//! makes the tables, and ends a clone; [`mark`] is the mark of a clone that is not complete; [`counts`] counts
//! its rows; [`error`] has the reasons to refuse a file. Pages are written by [`super::finalizer`].

mod counts;
mod error;
mod file;
mod mark;

pub use counts::CloneCounts;
pub use error::CloneError;
pub use file::CloneFile;
pub use mark::Origin;
