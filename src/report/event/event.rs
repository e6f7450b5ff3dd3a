//! A line of an event file: its type, its time, and what it is about.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::counts::Progress;
use super::end::{Applied, Errors, FailedContext};
use super::plan::{LimitChange, Rejected, Resumed, Started};
use crate::mutation::Shard;

/// The phase of the events that a report is made of.
const PHASE: &str = "cloneup";

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: u64,
    /// The shard that the run uploads, if it is one.
    pub(crate) shard: Option<Shard>,
    /// The database, where the run is of several.
    pub(crate) database: Option<String>,
    pub(crate) what: What,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Started(Started),
    Resumed(Resumed),
    Restarted,
    Concurrency(LimitChange),
    Rejected(Rejected),
    Progress(Box<Progress>),
    Applied(Applied),
    Failed(Errors),
    /// An event that only a later version knows.
    Other,
}

/// Why a line is no event of an upload.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    #[error("it is not an event of synctool: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is an event of `{0}`, and a report is made of the events of `{PHASE}`")]
    OtherPhase(String),
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(rename = "type", borrow)]
    name: Cow<'l, str>,
    #[serde(rename = "timestampMs")]
    timestamp_ms: u64,
    #[serde(borrow)]
    context: &'l RawValue,
}

/// What every context has.
#[derive(Deserialize)]
struct Common {
    phase: String,
    shard: Option<Shard>,
    db: Option<String>,
}

impl Event {
    /// Reads a line of an event file.
    ///
    /// # Errors
    /// [`EventError`] when it is none, or one of another job.
    pub(crate) fn parse(line: &str) -> Result<Self, EventError> {
        let Line { name, timestamp_ms, context } = serde_json::from_str(line)?;
        let context = context.get();
        let Common { phase, shard, db: database } = serde_json::from_str(context)?;
        if phase != PHASE {
            return Err(EventError::OtherPhase(phase));
        }
        let what = match &*name {
            "sync_started" => What::Started(serde_json::from_str(context)?),
            "sync_resumed" => What::Resumed(serde_json::from_str(context)?),
            "sync_restarted" => What::Restarted,
            "sync_concurrency" => What::Concurrency(serde_json::from_str(context)?),
            "sync_rejected" => What::Rejected(serde_json::from_str(context)?),
            "sync_progress" => What::Progress(serde_json::from_str(context)?),
            "sync_applied" => What::Applied(serde_json::from_str(context)?),
            "sync_failed" => What::Failed(serde_json::from_str::<FailedContext>(context)?.error.errors),
            _ => What::Other,
        };
        Ok(Self { timestamp_ms, shard, database, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Event, String> {
        Event::parse(line).map_err(|error| error.to_string())
    }

    #[test]
    fn an_event_of_a_later_version_is_not_an_error() {
        let event =
            parse(r#"{"context":{"phase":"cloneup","x":1},"timestampMs":7,"type":"sync_x","y":[]}"#).unwrap();
        assert_eq!(event, Event { timestamp_ms: 7, shard: None, database: None, what: What::Other });
        let event = parse(
            r#"{"type":"sync_resumed","timestampMs":7,
            "context":{"phase":"cloneup","shard":{"index":1,"of":2},"rows":3,"requests":1,"new":{}}}"#,
        )
        .unwrap();
        assert_eq!(event.what, What::Resumed(Resumed { rows: 3, requests: 1 }));
        assert_eq!(event.shard, Shard::new(1, 2).ok());
    }

    #[test]
    fn what_is_no_event_of_an_upload_is_refused() {
        for (line, expected) in [
            ("", "EOF"),
            ("hello", "expected value"),
            ("{}", "missing field `type`"),
            (r#"{"ok":true,"errors":[]}"#, "missing field `type`"),
            (r#"{"type":"sync_restarted","timestampMs":-1,"context":{"phase":"cloneup"}}"#, "invalid value"),
            (
                r#"{"type":"sync_resumed","timestampMs":1,"context":{"phase":"cloneup"}}"#,
                "missing field `rows`",
            ),
            (
                r#"{"type":"sync_restarted","timestampMs":1,"context":{"phase":"clone"}}"#,
                "an event of `clone`",
            ),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
