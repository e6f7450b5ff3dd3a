//! The end of a successful upload (contract 3.1.6 and 3.4), and all of a clone: [`pull`]ing pages of what
//! other clients changed, of a size that [`page_limit`] chooses; [`catch_up`], which writes one while the
//! next one is pulled; and [`finalize`], or [`staged`] where several runs have uploaded it. What is written
//! to the database is decided in [`crate::offline`].

pub(super) mod catch_up;
pub(super) mod finalize;
pub(super) mod page_limit;
pub(super) mod pull;
pub(super) mod staged;
