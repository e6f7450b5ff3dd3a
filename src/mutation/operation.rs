//! The operation of an uploaded record's mutation. The bytes of a mutation are written in
//! [`super::encode`].

/// The operation that uploads a record (contract 3, `--record-operation`). They differ in what
/// happens when the server already has a record of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordOperation {
    /// Fields that are not sent keep their values.
    #[default]
    Merge,
    /// Fields that are not sent are removed.
    Replace,
    /// The server rejects the mutation with [`crate::protocol::code::CONFLICT`].
    Insert,
}

impl RecordOperation {
    /// The name on the wire and in the content hash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
            Self::Insert => "insert",
        }
    }
}
