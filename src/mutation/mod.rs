//! What is sent: the bytes of a mutation and its content-hashed id (contract 3.2).
//!
//! A record comes in as canonical JSON, written once by [`crate::offline`] with the
//! writers of [`canonical`]; the same bytes are hashed into the id and copied into the
//! request body. How mutations are put into batches is [`crate::cloneup`]'s business.

pub mod canonical;
mod encode;
mod hasher;
mod id;

pub use encode::{Encoded, JoinEncoder, RecordEncoder};
pub use hasher::ContentHasher;
pub use id::{ContentHash, MutationKind};

/// What happens to a record that the server already has (contract 3, `--record-operation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordOperation {
    /// Fields that are not sent stay.
    #[default]
    Merge,
    /// Fields that are not sent go.
    Replace,
    /// It is an error.
    Insert,
}

impl RecordOperation {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
            Self::Insert => "insert",
        }
    }
}
