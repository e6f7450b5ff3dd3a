//! The records of a resource: their table, the order in which it is read, and reading them
//! (contract 3.1, stage A). Join rows are read by [`super::join_rows`].
//!
//! [`table`] finds table and columns, [`read_order`] decides the order, [`source`] is the result of both,
//! [`record`] reads the records, [`check_in_sql`] and [`check_by_sorting`] check them, [`contents`] reads them
//! in any order, [`shard_condition`] and [`chosen_condition`] leave out others, and [`marked`] reads rows that
//! are marked as deleted.

mod check_by_sorting;
mod check_in_sql;
mod chosen_condition;
mod contents;
mod marked;
mod read_order;
mod record;
mod shard_condition;
mod source;
mod table;

pub use chosen_condition::ChosenIds;
pub use marked::MarkedRows;
pub use read_order::ReadOrder;
pub use record::Record;
pub(super) use record::not_unique;
pub use source::RecordSource;
