//! The end of a successful upload (contract 3.1.6 and 3.4): [`pull`]ing what other clients
//! changed, and [`finalize`], or [`staged`] where several runs have uploaded it. What is written to
//! the database is decided in [`crate::offline`].

pub(super) mod finalize;
pub(super) mod pull;
pub(super) mod staged;
