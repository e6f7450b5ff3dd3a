//! The body of a pull, in both dialects (contract 3.4). Its answer is in [`super::pull_answer`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cursor::Cursor;

/// The body of a pull. A server reads the members of its dialect and ignores the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// The client id of the caller.
    pub client_id: String,
    /// First dialect: the changes after this cursor are asked for.
    pub cursor: Cursor,
    /// First dialect: the maximum number of changes in one page.
    pub limit: u64,
    /// Second dialect: the cursor of each resource that has one, by resource name.
    #[serde(default)]
    pub cursors: BTreeMap<String, Cursor>,
    /// An extension, for servers with the capability [`super::status::PULL_EXCLUDE_OWN`]: the
    /// server omits changes after this cursor that the caller made itself, if the record or join
    /// row is exactly what the caller sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_own_after: Option<Cursor>,
    /// An extension: what the answer to the first page of a pull from 0 said in
    /// [`super::PageEnd::Feed::started_at`], for its further pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Cursor>,
}

/// The operation of a change on a record or a join row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// It was written; the change carries its full state.
    Upsert,
    /// It was deleted.
    Delete,
}
