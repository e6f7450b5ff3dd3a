//! What the subcommands do, one file each: from the typed flags to what is printed and the exit status.
//! Subcommands whose result is one JSON document on any outcome ([`cloneup`],
//! [`clone`](mod@clone), [`merge_results`], [`verify`]) print their own failures; the others,
//! such as [`report`](mod@report), return them.
//!
//! [`client`] is what [`cloneup`], [`clone`](mod@clone), [`dry_run`] and [`verify`] have in common,
//! [`uploading`] what uploads of one and of several databases ([`cloneup_several`]) have, and [`several`] what
//! the uploads and the dry run ([`dry_run_several`]) of several databases have.

pub(super) mod clone;
pub(super) mod cloneup;
mod cloneup_several;
pub(super) mod completions;
pub(super) mod config_show;
#[cfg(feature = "serve")]
pub(super) mod demo;
pub(super) mod inspect;
pub(super) mod merge_results;
pub(super) mod report;
pub(super) mod schema;
#[cfg(feature = "serve")]
pub(super) mod serve;
pub(super) mod verify;

mod client;
mod dry_run;
mod dry_run_several;
mod several;
mod uploading;
