//! Progress: the [`tally`] of answers, and the checkpoint of the acknowledged prefix
//! ([`acked_prefix`], [`checkpoint`], [`checkpoint_writer`]), bound to an [`upload_identity`];
//! [`ended_parts`] of an upload that several runs divide among them.

mod acked_prefix;
pub(super) mod checkpoint;
mod checkpoint_writer;
mod ended_parts;
pub(super) mod tally;
mod upload_identity;

pub(super) use checkpoint_writer::CheckpointWriter;
pub(super) use ended_parts::{Covered, EndedPart, EndedParts};
pub(super) use upload_identity::{StagedIdentity, UploadIdentity};
