//! An inferred schema: its types, and how they are written as the JSON of a schema file.
//!
//! What is inferred is decided in [`super::infer`].

use serde::Serialize;

/// An inferred schema; it serializes to the JSON of a schema file, without members that have their
/// default.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Inferred {
    pub(super) resources: Vec<InferredResource>,
    pub(super) relations: Vec<InferredRelation>,
    /// What was guessed and what was skipped, one human-readable sentence each; not part of the
    /// schema.
    #[serde(skip)]
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct InferredResource {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) storage: InferredStorage,
    pub(super) fields: Vec<InferredField>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InferredStorage {
    pub(super) table: String,
    pub(super) id: InferredKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deleted_when: Option<serde_json::Value>,
}

/// `storage.id`: a column, or the columns of a key of several.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum InferredKey {
    Column(String),
    Columns(Vec<String>),
}

#[derive(Debug, Serialize)]
pub(super) struct InferredField {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InferredRelation {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) relation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fk_field: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) metadata: Vec<InferredField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage: Option<InferredJoin>,
}

#[derive(Debug, Serialize)]
pub(super) struct InferredJoin {
    pub(super) table: String,
    pub(super) from: String,
    pub(super) to: String,
}
