//! Applies mutations to a store (contract 4): what each operation means, the same for every store.
//!
//! All mutations of a transaction share it, so a mutation is checked completely before it writes
//! anything: a rejected one leaves no trace. [`push`](mod@push) goes through the mutations of a push;
//! [`records`] and [`relations`] make the changes, the latter in the items that [`relation_ends`] finds.
//! `touched` tells beforehand which keys all that looks at. Checks without the store are in [`super::prepare`],
//! transactions in [`super::group`].

mod error;
mod push;
mod records;
mod relation_ends;
mod relations;
#[cfg(feature = "postgres")]
mod touched;

pub(super) use push::{PushResult, push};
#[cfg(feature = "postgres")]
pub(super) use touched::touched;
