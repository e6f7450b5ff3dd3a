//! The stages of an upload, which several runs can divide among them (contract 3.7). What each of them
//! does is decided where the run is planned and executed: [`super::plan`], [`super::run`].

use serde::{Deserialize, Serialize};

use crate::mutation::Shard;

/// Which part of an upload a run is. In JSON the keys `stage` and `shard`, each only where it says
/// something: a whole upload has neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(into = "Keys", try_from = "Keys")]
pub enum Stage {
    /// A whole upload.
    #[default]
    All,
    /// Records and deletes (stages A and C of contract 3.1).
    Records,
    /// The records and deletes of one shard, by the id of the record.
    Shard(Shard),
    /// Join rows (stage B).
    JoinRows,
    /// Finalization alone.
    Finalize,
}

impl Stage {
    /// Its name on the command line and in the result.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Records | Self::Shard(_) => "records",
            Self::JoinRows => "join-rows",
            Self::Finalize => "finalize",
        }
    }

    /// The shard, if it is one.
    #[must_use]
    pub fn shard(self) -> Option<Shard> {
        match self {
            Self::Shard(shard) => Some(shard),
            _ => None,
        }
    }

    /// Whether records and deletes are uploaded.
    #[must_use]
    pub(crate) fn has_records(self) -> bool {
        matches!(self, Self::All | Self::Records | Self::Shard(_))
    }

    /// Whether join rows are uploaded.
    #[must_use]
    pub(crate) fn has_join_rows(self) -> bool {
        matches!(self, Self::All | Self::JoinRows)
    }

    /// Whether success is followed by finalization.
    #[must_use]
    pub(crate) fn finalizes(self) -> bool {
        matches!(self, Self::All | Self::Finalize)
    }

    /// Whether a record with this id belongs to it.
    #[must_use]
    pub(crate) fn has_record(self, id: &str) -> bool {
        self.has_records() && self.shard().is_none_or(|shard| shard.has(id))
    }
}

/// A stage as it is in JSON.
#[derive(Serialize, Deserialize)]
struct Keys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
}

impl From<Stage> for Keys {
    fn from(stage: Stage) -> Self {
        Self { stage: (stage != Stage::All).then(|| stage.name().to_owned()), shard: stage.shard() }
    }
}

/// The error for keys that name no stage.
#[derive(Debug, thiserror::Error)]
#[error("there is no such stage")]
struct UnknownStage;

impl TryFrom<Keys> for Stage {
    type Error = UnknownStage;

    fn try_from(Keys { stage, shard }: Keys) -> Result<Self, UnknownStage> {
        match (stage.as_deref(), shard) {
            (None | Some("records"), Some(shard)) => Ok(Self::Shard(shard)),
            (None | Some("all"), None) => Ok(Self::All),
            (Some("records"), None) => Ok(Self::Records),
            (Some("join-rows"), None) => Ok(Self::JoinRows),
            (Some("finalize"), None) => Ok(Self::Finalize),
            _ => Err(UnknownStage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for (stage, json) in [
            (Stage::All, "{}"),
            (Stage::Records, r#"{"stage":"records"}"#),
            (Stage::Shard(Shard::new(3, 8).unwrap()), r#"{"stage":"records","shard":{"index":3,"of":8}}"#),
            (Stage::JoinRows, r#"{"stage":"join-rows"}"#),
            (Stage::Finalize, r#"{"stage":"finalize"}"#),
        ] {
            assert_eq!(serde_json::to_string(&stage).unwrap(), json);
            assert_eq!(serde_json::from_str::<Stage>(json).unwrap(), stage);
        }
        for wrong in [r#"{"stage":"other"}"#, r#"{"stage":"finalize","shard":{"index":3,"of":8}}"#] {
            assert!(serde_json::from_str::<Stage>(wrong).is_err(), "{wrong}");
        }
    }
}
