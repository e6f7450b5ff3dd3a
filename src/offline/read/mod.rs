//! Reading records and join rows in upload order (contract 3.1, stages A and B).

pub(crate) mod depth;
pub(crate) mod external_sort;
pub(crate) mod join_rows;
pub(crate) mod partition;
pub(crate) mod records;
pub(crate) mod sorted_records;
