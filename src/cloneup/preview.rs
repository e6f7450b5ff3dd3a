//! A dry run: the plan as a value that can be printed, and a question to the server. Nothing
//! is sent or stored.

use std::sync::Arc;

use serde::Serialize;

use crate::cloneup::encode::encoders;
use crate::cloneup::observer::PartKind;
use crate::cloneup::options::Options;
use crate::cloneup::outcome::End;
use crate::cloneup::plan::make::{Part, Plan, PlanError, Source};
use crate::cloneup::progress::tally::end_of;
use crate::mutation::ContentHash;
use crate::offline::{Database, OfflineError, Snapshot, offline_deletes};
use crate::protocol::{Cursor, ErrorBody, MutationError, code};
use crate::remote::{Remote, RequestError};
use crate::schema::Schema;

/// How many rows of a part are encoded to estimate the size of all.
const SAMPLE: u64 = 1000;

/// What an upload would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Whether it could be done.
    pub ok: bool,
    /// Always true: tells this result from that of an upload.
    pub dry_run: bool,
    /// In upload order.
    pub parts: Vec<PreviewPart>,
    /// Stage C: the mutation ids of deletes and unrelates that would be pushed.
    pub deletes: Vec<String>,
    /// What would happen after the upload.
    pub finalization: Finalization,
    /// What the server says.
    pub server: ServerState,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Why it could not be done.
    pub errors: Vec<MutationError>,
    /// How the run would have ended before sending anything.
    #[serde(skip)]
    pub end: End,
}

/// A part of the upload.
#[derive(Debug, Serialize)]
pub struct PreviewPart {
    /// What it uploads.
    pub kind: PartKind,
    /// The resource or join store.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// How many requests, at least: depths of a resource that refers to itself add some.
    pub batches: u64,
    /// How many bytes of bodies, estimated from the first rows.
    #[serde(rename = "estimatedBytes")]
    pub estimated_bytes: u64,
    /// Why it has its place in the order.
    pub why: String,
}

/// What would happen after the upload.
#[derive(Debug, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Finalization {
    /// Where the pull would begin; `None` when it is off.
    pub pull_from: Option<Cursor>,
    /// Whether the global cursor would be moved.
    pub set_global_cursor: bool,
    /// Up to which entry the change log would be drained; `None` when that is off.
    pub drain_up_to: Option<i64>,
}

/// What the server says to a dry run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerState {
    /// Whether it answers.
    pub answers: bool,
    /// Whether it takes the credentials; `None` when that cannot be told.
    pub accepts_token: Option<bool>,
}

/// Plans an upload and asks the server whether it is there.
pub async fn preview(options: Options, schema: Schema, database: Database, remote: Remote) -> Preview {
    let (options, schema) = (Arc::new(options), Arc::new(schema));
    let planned = crate::cloneup::blocking::blocking(move || plan(&options, &schema, &database)).await;
    let (server, failure) = ask(&remote).await;
    let mut preview = match planned {
        Ok(preview) => preview,
        Err(PlanError::Options(errors)) => Preview::failed(End::Invalid, errors),
        Err(PlanError::Offline(error)) => Preview::failed(end_of(&error), vec![error.report()]),
    };
    if let Some(failure) = failure {
        preview.errors.push(failure.into());
        if preview.end == End::Success {
            preview.end = End::Remote;
        }
    }
    preview.ok = preview.end == End::Success;
    preview.server = server;
    preview
}

impl Preview {
    fn failed(end: End, errors: Vec<ErrorBody>) -> Self {
        Self {
            ok: false,
            dry_run: true,
            parts: Vec::new(),
            deletes: Vec::new(),
            finalization: Finalization::default(),
            server: ServerState { answers: false, accepts_token: None },
            warnings: Vec::new(),
            errors: errors.into_iter().map(MutationError::from).collect(),
            end,
        }
    }
}

fn plan(options: &Options, schema: &Schema, database: &Database) -> Result<Preview, PlanError> {
    let (plan, snapshot) = Plan::make(options, schema, database, |_| {})?;
    let mut parts = Vec::with_capacity(plan.parts.len());
    let outline = plan.outline();
    for (part, outline) in plan.parts.iter().zip(outline) {
        let bytes = estimate(options, schema, &snapshot, part)?;
        parts.push(PreviewPart {
            kind: outline.kind,
            why: why(schema, &plan, part),
            name: outline.name,
            rows: part.rows,
            batches: part.rows.div_ceil(options.batch_size().get() as u64),
            estimated_bytes: bytes,
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
    let empty = Preview::failed(End::Success, Vec::new());
    Ok(Preview { parts, deletes, finalization, warnings: plan.warnings, ..empty })
}

/// Encodes the first rows of a part and extrapolates.
fn estimate(
    options: &Options,
    schema: &Schema,
    snapshot: &Snapshot,
    part: &Part,
) -> Result<u64, OfflineError> {
    let (mut json, mut body, mut rows, mut bytes) = (Vec::new(), Vec::new(), 0_u64, 0_u64);
    let mut count = |body: &mut Vec<u8>| {
        bytes += body.len() as u64 + 1;
        body.clear();
        rows += 1;
        if rows == SAMPLE { Err(OfflineError::Stopped) } else { Ok(()) }
    };
    // The client id may not be there yet; all of them are about as long.
    let client_id = options.client_id.as_deref().unwrap_or("00000000-0000-0000-0000-000000000000");
    // All of them are of the same length.
    let hash = ContentHash::default();
    let read = match &part.source {
        Source::Records(source) => {
            let encoder = encoders::records(options, schema, client_id, source.name());
            source.for_each(snapshot, |record| {
                json.clear();
                record.write_fields(&mut json)?;
                encoder.encode(&mut body, record.id, &json, hash);
                count(&mut body)
            })
        }
        Source::JoinRows(source) => match encoders::join_rows(options, schema, client_id, source.name()) {
            Some(encoder) => source.for_each(snapshot, |row| {
                json.clear();
                row.write_metadata(&mut json)?;
                encoder.encode(&mut body, row.from, row.to, &json, hash);
                count(&mut body)
            }),
            None => Ok(()),
        },
        Source::Deletes => Ok(()),
    };
    match read {
        Ok(()) | Err(OfflineError::Stopped) => Ok((bytes * part.rows).checked_div(rows).unwrap_or(0)),
        Err(error) => Err(error),
    }
}

/// Why a part has its place in the order.
fn why(schema: &Schema, plan: &Plan, part: &Part) -> String {
    let Source::Records(source) = &part.source else {
        return match part.source {
            Source::JoinRows(_) => "join rows go after all records".to_owned(),
            _ => "deletes go last".to_owned(),
        };
    };
    let referring: Vec<_> = schema
        .many_ones()
        .into_iter()
        .filter(|reference| reference.to.name == source.name())
        .map(|reference| reference.from.name.as_str())
        .filter(|name| plan.scope.resources.contains(*name))
        .collect();
    match referring.as_slice() {
        [] => "nothing refers to it".to_owned(),
        [only] if *only == source.name() => "parents before children".to_owned(),
        names => format!("before {}, which refer to it", names.join(", ")),
    }
}

async fn ask(remote: &Remote) -> (ServerState, Option<ErrorBody>) {
    let said = |answers, accepts_token| ServerState { answers, accepts_token };
    match remote.status().await {
        Ok(_) => (said(true, Some(true)), None),
        Err(RequestError::Forbidden(body)) => {
            let error = ErrorBody::new(code::FORBIDDEN, body.message, "sync.status");
            (said(true, Some(false)), Some(error))
        }
        // A server that has no such route is a server all the same.
        Err(RequestError::Refused(_) | RequestError::TooLarge(..) | RequestError::NotDecoded) => {
            (said(true, None), None)
        }
        Err(RequestError::Transient { message, .. } | RequestError::Broken(message)) => {
            if message.starts_with("HTTP 4") {
                return (said(true, None), None);
            }
            (said(false, None), Some(ErrorBody::new(code::TRANSPORT_ERROR, message, "sync.status")))
        }
    }
}
