//! A dry run: the plan as a value that can be printed, and the server's status. Nothing is sent
//! or stored.

use std::time::Duration;

use serde::Serialize;

use super::blocking::blocking;
use super::encode::{join_encoder, record_encoder};
use super::failure::{Failure, FailureKind, STATUS_PATH, most_severe};
use super::observer::PartKind;
use super::options::Options;
use super::outcome::as_mutation_errors;
use super::plan::{Part, Plan, Requested, Source};
use super::run::Upload;
use crate::mutation::ContentHash;
use crate::offline::{Database, OfflineError, Snapshot, offline_deletes};
use crate::protocol::Cursor;
use crate::remote::{GaveUp, Remote, RequestError, RetryError};
use crate::schema::Schema;

/// How many rows of a part are encoded to estimate the size of all.
const SAMPLE: u64 = 1000;

/// A client id for estimates: the real one may not be stored yet, and is about as long.
const SAMPLE_CLIENT_ID: &str = "00000000-0000-0000-0000-000000000000";

/// What an upload would do. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Whether the upload could begin.
    pub ok: bool,
    /// Always true: tells this result from that of an upload.
    pub dry_run: bool,
    /// The parts, in upload order.
    pub parts: Vec<PreviewPart>,
    /// Stage C: the mutation ids of deletes and unrelates that would be pushed.
    pub deletes: Vec<String>,
    /// What would happen after the upload.
    pub finalization: Finalization,
    /// The server's state.
    pub server: ServerCheck,
    /// Warnings for a person.
    pub warnings: Vec<String>,
    /// Why the upload could not begin; `errors` in the JSON.
    #[serde(rename = "errors", serialize_with = "as_mutation_errors")]
    pub failures: Vec<Failure>,
}

/// A part of the upload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewPart {
    /// What the part uploads.
    pub kind: PartKind,
    /// The resource or join store; `deletes` for stage C.
    pub name: String,
    /// The number of rows.
    pub rows: u64,
    /// The least number of requests: depths of a resource that refers to itself add some.
    pub batches: u64,
    /// The size of all bodies in bytes, estimated from the first 1,000 rows.
    pub estimated_bytes: u64,
    /// Why it has its place in the order.
    pub why: String,
}

/// What would happen after the upload.
#[derive(Debug, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Finalization {
    /// The cursor from which the pull would begin; `None` when the pull is off.
    pub pull_from: Option<Cursor>,
    /// Whether the global cursor would be moved.
    pub set_global_cursor: bool,
    /// The last change log entry that would be removed; `None` when draining is off.
    pub drain_up_to: Option<i64>,
}

/// What the server answers to a dry run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerCheck {
    /// Whether it answers.
    pub answers: bool,
    /// Whether it accepts the credentials; `None` when its answer does not say.
    pub accepts_token: Option<bool>,
}

impl Upload<'_> {
    /// A dry run: plans the upload and asks for the server's status. Nothing is sent or stored.
    pub async fn preview(self) -> Preview {
        let Self { database, remote, schema, options, .. } = self;
        let planned = blocking(move || plan(&options, &schema, &database)).await;
        let (server, failure) = server_state(&remote).await;
        let preview = planned.unwrap_or_else(|failures| Preview { failures, ..Preview::empty() });
        let failures: Vec<_> = preview.failures.into_iter().chain(failure).collect();
        Preview { ok: failures.is_empty(), server, failures, ..preview }
    }
}

impl Preview {
    fn empty() -> Self {
        Self {
            ok: false,
            dry_run: true,
            parts: Vec::new(),
            deletes: Vec::new(),
            finalization: Finalization::default(),
            server: ServerCheck { answers: false, accepts_token: None },
            warnings: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The kind of the most severe failure, from which the exit status follows.
    #[must_use]
    pub fn failure_kind(&self) -> Option<FailureKind> {
        most_severe(&self.failures)
    }
}

fn plan(options: &Options, schema: &Schema, database: &Database) -> Result<Preview, Vec<Failure>> {
    let requested = Requested::new(options, schema)?;
    describe(options, schema, database, requested).map_err(|error| vec![error.into()])
}

fn describe(
    options: &Options,
    schema: &Schema,
    database: &Database,
    requested: Requested,
) -> Result<Preview, OfflineError> {
    let snapshot = Snapshot::take(database)?;
    let plan = Plan::new(options, schema, requested, &snapshot)?;
    let mut parts = Vec::with_capacity(plan.parts.len());
    for (part, outline) in plan.parts.iter().zip(plan.outline()) {
        parts.push(PreviewPart {
            kind: outline.kind,
            name: outline.name,
            rows: part.rows,
            batches: part.rows.div_ceil(options.batch_size.get() as u64),
            estimated_bytes: estimate(options, &snapshot, part)?,
            why: place(schema, &plan, part),
        });
    }
    let mut deletes = Vec::new();
    offline_deletes(&snapshot, schema, &plan.scope, plan.seq, |delete| {
        deletes.push(delete.mutation_id);
        Ok(())
    })?;
    let finalization = Finalization {
        pull_from: options.pull_after.then_some(plan.cursors.global),
        set_global_cursor: options.set_global_cursor_on_success,
        drain_up_to: options.clear_changelog_on_success.then_some(plan.seq),
    };
    Ok(Preview { parts, deletes, finalization, warnings: plan.warnings, ..Preview::empty() })
}

/// Encodes the first rows of a part and extrapolates.
fn estimate(options: &Options, snapshot: &Snapshot, part: &Part) -> Result<u64, OfflineError> {
    let (mut json, mut body) = (Vec::new(), Vec::new());
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    let mut count = |body: &mut Vec<u8>| {
        bytes += body.len() as u64 + 1;
        body.clear();
        rows += 1;
        if rows == SAMPLE { Err(OfflineError::Stopped) } else { Ok(()) }
    };
    let client_id = options.client_id.as_deref().unwrap_or(SAMPLE_CLIENT_ID);
    // Every hash has the same length.
    let hash = ContentHash::default();
    let read = match &part.source {
        Source::Records(source) => {
            let encoder = record_encoder(options, client_id, source);
            source.for_each(snapshot, |record| {
                json.clear();
                record.write_fields(&mut json)?;
                encoder.encode(&mut body, record.id, &json, hash);
                count(&mut body)
            })
        }
        Source::JoinRows(source) => {
            let encoder = join_encoder(options, client_id, source);
            source.for_each(snapshot, |row| {
                json.clear();
                row.write_metadata(&mut json)?;
                encoder.encode(&mut body, row.from, row.to, &json, hash);
                count(&mut body)
            })
        }
        Source::Deletes => Ok(()),
    };
    match read {
        Ok(()) | Err(OfflineError::Stopped) => Ok((bytes * part.rows).checked_div(rows).unwrap_or(0)),
        Err(error) => Err(error),
    }
}

/// Why a part has its place in the upload order.
fn place(schema: &Schema, plan: &Plan, part: &Part) -> String {
    let source = match &part.source {
        Source::Records(source) => source,
        Source::JoinRows(_) => return "join rows go after all records".to_owned(),
        Source::Deletes => return "deletes go last".to_owned(),
    };
    let referring: Vec<_> = schema
        .many_ones_to(source.name())
        .into_iter()
        .map(|reference| reference.from.name.as_str())
        .filter(|name| plan.scope.resources.contains(*name))
        .collect();
    match referring.as_slice() {
        [] => "nothing refers to it".to_owned(),
        [only] if *only == source.name() => "parents before children".to_owned(),
        names => format!("before {}, which refer to it", names.join(", ")),
    }
}

async fn server_state(remote: &Remote) -> (ServerCheck, Option<Failure>) {
    let state = |answers, accepts_token| ServerCheck { answers, accepts_token };
    let Err(error) = remote.status().await else { return (state(true, Some(true)), None) };
    // A server without that route is a server all the same.
    let is_client_error = |status: u16| (400..500).contains(&status);
    match &error {
        RequestError::Forbidden(body) => {
            let failure = Failure::forbidden(body.message.clone(), STATUS_PATH);
            (state(true, Some(false)), Some(failure))
        }
        RequestError::Transient(transport) | RequestError::Broken(transport)
            if !transport.status.is_some_and(is_client_error) =>
        {
            let error = RetryError {
                method: "GET",
                url: remote.status_url(),
                tries: 1,
                elapsed: Duration::ZERO,
                reason: GaveUp::NotRetryable,
                source: error,
            };
            (state(false, None), Some(Failure::transport(error, STATUS_PATH)))
        }
        _ => (state(true, None), None),
    }
}
