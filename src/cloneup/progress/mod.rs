//! Progress: the [`tally`] of answers, and the checkpoint of the acknowledged prefix
//! ([`acked_prefix`], [`checkpoint`], [`checkpoint_writer`]), bound to an [`upload_identity`].

mod acked_prefix;
pub(super) mod checkpoint;
mod checkpoint_writer;
pub(super) mod tally;
mod upload_identity;

pub(super) use checkpoint_writer::CheckpointWriter;
pub(super) use upload_identity::UploadIdentity;
