//! The checkpoint (contract 3.6): the acknowledged prefix of an upload as it is kept in the sidecar file,
//! bound to the upload's identity. When it is written is decided in [`super::checkpoint_writer`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::upload_identity::UploadIdentity;
use crate::cloneup::encode::batch::Position;
use crate::offline::{Database, Sidecar, SidecarKind};
use crate::protocol::Cursor;

/// A checkpoint as JSON. One of an earlier version of the program lacks `identity`, so that it
/// is ignored and the upload starts over; the server deduplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checkpoint {
    /// The address that pushes go to, for a person.
    pub(super) remote: String,
    /// The hash of the upload's identity.
    pub(super) identity: String,
    /// The number of mutations in the acknowledged prefix.
    pub(super) mutations: u64,
    /// The digest of their content hashes, in hexadecimal digits.
    pub(super) digest: String,
    /// The highest cursor in the answers to them.
    pub(crate) cursor: Cursor,
    /// The number of requests that they took.
    pub(crate) requests: u64,
    /// Those of them that the server had applied before, by the index of their part in the plan:
    /// the plan of the prefix is the same as long as its digest is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) repeated: BTreeMap<usize, u64>,
    /// The id of the server's store, if the server has one.
    pub(crate) store_id: Option<String>,
    /// The server's sequence before the upload began, if the server says it.
    pub(crate) begun_at: Option<Cursor>,
    /// Whether the upload is one of a limited number of records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_limited: bool,
}

/// An upload that was interrupted, for a person.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Unfinished {
    /// The address that its pushes go to.
    pub remote: String,
    /// The number of mutations that the server has acknowledged without a gap.
    pub mutations: u64,
    /// The highest cursor in the answers to them.
    pub cursor: Cursor,
}

impl Unfinished {
    /// The interrupted upload of a database, if there is one.
    pub(crate) fn peek(database: &Database) -> Option<Self> {
        let Checkpoint { remote, mutations, cursor, .. } =
            parse(&Sidecar::peek(database, SidecarKind::Upload)?)?;
        Some(Self { remote, mutations, cursor })
    }
}

impl Checkpoint {
    /// The checkpoint in the sidecar file, if it is one of this upload.
    pub(crate) fn read(sidecar: &Sidecar, identity: &UploadIdentity) -> Option<Self> {
        let checkpoint = parse(sidecar.checkpoint()?)?;
        (checkpoint.identity == identity.as_str() && checkpoint.mutations > 0).then_some(checkpoint)
    }

    /// Whether the sidecar file has the checkpoint of another upload, which is not a limited one.
    pub(super) fn is_of_another_whole_upload(sidecar: &Sidecar, identity: &UploadIdentity) -> bool {
        let checkpoint = sidecar.checkpoint().and_then(parse);
        checkpoint.is_some_and(|other| !other.is_limited && other.identity != identity.as_str())
    }

    /// The position after the acknowledged prefix.
    pub(crate) fn position(&self) -> Option<Position> {
        let digest = blake3::Hash::from_hex(&self.digest).ok()?;
        Some(Position { mutations: self.mutations, digest })
    }
}

/// `None` for a checkpoint of another version: the upload starts over then.
fn parse(text: &str) -> Option<Checkpoint> {
    serde_json::from_str::<Checkpoint>(text).ok().filter(|checkpoint| checkpoint.position().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_the_version_before_is_ignored() {
        let before = r#"{"binding":{"remote":"http://h/push","destination":"d","clientId":"c","schema":"s",
            "options":"None true true merge 100 \"cloneup\""},"mutations":300,"digest":"00","cursor":"300",
            "requests":3,"storeId":null,"begunAt":null}"#;
        assert_eq!(parse(before), None);
    }

    #[test]
    fn a_checkpoint_reads_back_as_it_was_written() {
        let digest = blake3::hash(b"x");
        let checkpoint = Checkpoint {
            remote: "http://h/push".to_owned(),
            identity: "i".to_owned(),
            mutations: 3,
            digest: digest.to_hex().to_string(),
            cursor: Cursor::from(7),
            requests: 2,
            repeated: BTreeMap::from([(1, 3)]),
            store_id: Some("s".to_owned()),
            begun_at: None,
            is_limited: false,
        };
        let read = parse(&serde_json::to_string(&checkpoint).unwrap());
        assert_eq!(checkpoint.position(), Some(Position { mutations: 3, digest }));
        assert_eq!(read, Some(checkpoint));
    }
}
