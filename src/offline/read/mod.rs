//! Reading records and join rows in upload order (contract 3.1, stages A and B).
//!
//! [`records`] and [`join_rows`] find a table, check all of its rows in SQL ([`check`]) and read
//! them in order. The records of a large table are checked while two threads ([`partition`]) read them
//! and sort them outside of SQLite ([`sorted_records`], [`external_sort`]), or sorted when they are sent
//! and no index has the order. The records of a resource that refers to itself are ordered by
//! [`depth`]. [`dangling`] finds join rows without their records.
//! [`temporary_file`](mod@temporary_file) decides where temporary files are.

mod check;
mod dangling;
mod depth;
mod external_sort;
mod join_rows;
mod partition;
mod records;
mod sorted_records;
mod temporary_file;

pub use dangling::dangling_join_rows;
pub use join_rows::{JoinRow, JoinSource};
pub use records::{ChosenIds, MarkedRows, ReadOrder, Record, RecordSource};
pub(crate) use sorted_records::{OrderedRecords, Progress};
pub use sorted_records::{SortedRecord, SortedRecords};
pub use temporary_file::temporary_file;
