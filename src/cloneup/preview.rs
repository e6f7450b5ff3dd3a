//! A dry run: the plan as a value that can be printed, and the server's status. Nothing is sent or
//! stored. The plan itself is made in [`super::plan`].

use std::sync::Arc;

use bytes::BytesMut;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::compare::Comparing;
use super::encode::{join_encoder, record_encoder};
use super::failure::{Failure, FailureKind, Failures, most_severe};
use super::finish::staged::StagedFinalization;
use super::narrowing::narrow;
use super::observer::{Activity, Event, Observer, PartKind};
use super::options::Options;
use super::outcome::as_mutation_errors;
use super::plan::{Checking, Extra, Keeper, Part, Plan, Requested, Source, check_writable};
use super::preview_changes::PreviewChanges;
use super::progress::{EndedParts, StagedIdentity};
use super::reports::{Reports, blocking_with_reports};
use super::run::{Upload, check_client_id};
use super::server_check::{self, Checked, ServerCheck};
use super::server_status::server_status;
use super::stage::Stage;
use crate::mutation::ContentHash;
use crate::offline::{Database, OfflineError, RowSize, Snapshot};
use crate::protocol::Cursor;
use crate::remote::Remote;
use crate::schema::Schema;

/// How many rows of a part are encoded to estimate the size of all.
const SAMPLE: u64 = 1000;

/// A client id for estimates: the real one may not be stored yet, and is about as long.
const SAMPLE_CLIENT_ID: &str = "00000000-0000-0000-0000-000000000000";

/// What an upload would do. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Preview {
    /// Whether the upload could begin.
    pub ok: bool,
    /// Always true: distinguishes this result from that of an upload.
    pub dry_run: bool,
    /// Which part of the upload it is of.
    #[serde(flatten)]
    pub stage: Stage,
    /// The parts, in upload order.
    pub parts: Vec<PreviewPart>,
    /// Stage C: the mutation ids of deletes and unrelates that would be pushed.
    pub deletes: Vec<String>,
    /// What differs between both sides; `None` without a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<PreviewChanges>,
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
#[non_exhaustive]
pub struct PreviewPart {
    /// What the part uploads.
    pub kind: PartKind,
    /// The resource or join store; `deletes` for stage C.
    pub name: String,
    /// The number of rows that would be sent.
    pub rows: u64,
    /// The number of rows that the server has already; `None` without a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<u64>,
    /// The least number of requests.
    pub batches: u64,
    /// The size of all bodies in bytes, estimated from the first 1,000 rows.
    pub estimated_bytes: u64,
    /// Why it has its place in the order.
    pub why: String,
}

/// What would happen after the upload.
#[derive(Debug, Serialize, Default)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finalization {
    /// The cursor from which the pull would begin; `None` when the pull is off.
    pub pull_from: Option<Cursor>,
    /// Whether the global cursor would be moved.
    pub set_global_cursor: bool,
    /// The last change log entry that would be removed; `None` when draining is off.
    pub drain_up_to: Option<i64>,
}

impl Upload<'_> {
    /// A dry run: plans the upload and asks for the server's status; where there is none, for one
    /// change, to find out whether the base is right. Nothing is uploaded or stored.
    pub async fn preview(self) -> Preview {
        let checked = wait_and_check(&self.remote, &self.options, self.observer, &self.cancellation).await;
        self.preview_for(checked).await
    }

    /// Plans the upload to a server that was checked.
    pub(super) async fn preview_for(self, checked: Checked) -> Preview {
        let planned = self.plan_and_describe(&checked).await;
        let mut preview =
            planned.unwrap_or_else(|Failures(failures)| Preview { failures, ..Preview::empty() });
        let Checked { server, failure, warning, .. } = checked;
        preview.warnings.extend(warning);
        let failures: Vec<_> = preview.failures.into_iter().chain(failure).collect();
        Preview { ok: failures.is_empty(), stage: self.options.stage, server, failures, ..preview }
    }

    async fn plan_and_describe(&self, checked: &Checked) -> Result<Preview, Failures> {
        self.observer.on(&Event::Activity(Activity::Checking));
        let requested = Requested::new(&self.options, &self.schema)?;
        let (mut plan, mut snapshot) = self.planned(requested.clone()).await?;
        plan.warnings.extend(plan.other_store_warning(&self.options, checked.store_id.as_deref()));
        let (mut options, mut changes, mut failure) = (Arc::clone(&self.options), None, None);
        // A server that does not answer has nothing to compare.
        if options.compares() && checked.server.answers && checked.server.accepts_token != Some(false) {
            let comparing = Comparing {
                remote: &self.remote,
                server: &checked.status,
                options: &self.options,
                client_id: options.client_id.as_deref().unwrap_or(SAMPLE_CLIENT_ID),
                observer: self.observer,
                cancellation: &self.cancellation,
                gate: None,
            };
            let narrowed =
                narrow(&comparing, &self.schema, requested, (plan, snapshot), &self.options).await?;
            failure = narrowed.deletions.check(&self.options).err();
            changes = Some(PreviewChanges::new(&narrowed, &self.schema)?);
            (plan, snapshot, options) = (narrowed.plan, narrowed.snapshot, narrowed.options);
        }
        let (schema, database) = (Arc::clone(&self.schema), self.database.clone());
        let server = Server {
            remote: self.remote.clone(),
            max_body: checked.max_body,
            store_id: checked.store_id.clone(),
        };
        let describing = blocking(move || describe(&options, &schema, &database, &snapshot, plan, &server));
        let mut preview = describing.await?;
        preview.changes = changes;
        preview.failures.extend(failure);
        Ok(preview)
    }

    /// The plan, and the snapshot that it is made from.
    async fn planned(&self, requested: Requested) -> Result<(Plan, Snapshot), Failures> {
        let (options, schema) = (Arc::clone(&self.options), Arc::clone(&self.schema));
        let database = self.database.clone();
        let work = move |reports: &Reports<Checking>| {
            let snapshot = Snapshot::take(&database)?;
            check_client_id(&options, &snapshot)?;
            let report = |checking: &Checking| reports.send(checking.clone());
            let plan = Plan::new(&options, &schema, requested, &snapshot, Keeper::none(), &report)?;
            Ok((plan, snapshot))
        };
        blocking_with_reports(work, |checking| self.observer.on(&checking.event())).await
    }
}

/// Waits for the server as long as the options say, and checks it.
pub(super) async fn wait_and_check(
    remote: &Remote,
    options: &Options,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Checked {
    if !options.wait.is_zero() {
        // The check finds the same error, where the wait was in vain.
        let _ = server_status(remote, options.wait, observer, cancellation).await;
    }
    server_check::check(remote, options).await
}

impl Preview {
    /// A dry run that found out nothing but these failures.
    pub(super) fn failed(stage: Stage, server: ServerCheck, failures: Vec<Failure>) -> Self {
        Self { stage, server, failures, ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            ok: false,
            dry_run: true,
            stage: Stage::All,
            parts: Vec::new(),
            deletes: Vec::new(),
            changes: None,
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

/// What is known of the server.
struct Server {
    remote: Remote,
    /// The largest body that it takes, in bytes.
    max_body: Option<u64>,
    /// The id of its store.
    store_id: Option<String>,
}

fn describe(
    options: &Options,
    schema: &Schema,
    database: &Database,
    snapshot: &Snapshot,
    mut plan: Plan,
    server: &Server,
) -> Result<Preview, OfflineError> {
    let (max_body, store_id) = (server.max_body, server.store_id.as_deref());
    let oversized = max_body.map_or(Ok(Vec::new()), |max| warnings_of_oversized(&plan, snapshot, max))?;
    plan.warnings.extend(oversized);
    let mut parts = Vec::with_capacity(plan.parts.len());
    for (part, outline) in plan.parts.iter().zip(plan.outline()) {
        parts.push(PreviewPart {
            kind: outline.kind,
            name: outline.name,
            rows: part.rows,
            unchanged: part.unchanged,
            batches: part.rows.div_ceil(options.batch_size.get() as u64),
            estimated_bytes: estimate(options, schema, snapshot, &plan, part, max_body.unwrap_or(u64::MAX))?,
            why: place(schema, &plan, part),
        });
    }
    let (mut deletes, mut bytes) = (Vec::new(), 0);
    plan.deletes(options, schema, snapshot).for_each(SAMPLE_CLIENT_ID, |delete| {
        bytes += delete.json.len() as u64 + 1;
        deletes.push(delete.mutation_id);
        Ok(())
    })?;
    if let Some(part) = parts.iter_mut().find(|part| part.kind == PartKind::Deletes) {
        part.estimated_bytes = bytes;
    }
    let failures = check_writable(options, &plan, snapshot, database).err().into_iter();
    let failures = failures.map(Failure::from).collect();
    let plan = finalized(options, schema, database, snapshot, plan, server)?;
    let finalization = if options.finalizes() {
        Finalization {
            pull_from: options.pull_after.then(|| {
                let stored = plan.cursors.for_store(store_id).global;
                plan.equal_at.map_or(stored.clone(), |equal_at| stored.max(equal_at))
            }),
            set_global_cursor: options.set_global_cursor_on_success,
            drain_up_to: options.clear_changelog_on_success.then_some(plan.seq),
        }
    } else {
        Finalization::default()
    };
    Ok(Preview { parts, deletes, finalization, warnings: plan.warnings, failures, ..Preview::empty() })
}

/// The plan as far as it would be finalized, with warnings about what would be left as it is.
fn finalized(
    options: &Options,
    schema: &Schema,
    database: &Database,
    snapshot: &Snapshot,
    plan: Plan,
    server: &Server,
) -> Result<Plan, OfflineError> {
    if options.stage != Stage::Finalize {
        return Ok(plan);
    }
    let client_id = options.client_id.clone().map_or_else(|| snapshot.client_id(), |id| Ok(Some(id)))?;
    // Without a client id no part of the upload can have ended.
    let client_id = client_id.unwrap_or_default();
    let identity =
        StagedIdentity::new(&server.remote, &client_id, server.store_id.as_deref(), schema, options);
    let ended = EndedParts::read(database, &identity);
    let StagedFinalization { mut plan, warnings, .. } =
        StagedFinalization::new(&ended, plan, options, schema);
    plan.warnings.extend(warnings);
    Ok(plan)
}

/// A warning for every resource with records that the server takes no request for.
fn warnings_of_oversized(plan: &Plan, snapshot: &Snapshot, max: u64) -> Result<Vec<String>, OfflineError> {
    let mut warnings = Vec::new();
    for part in &plan.parts {
        let Source::Records(source) = &part.source else { continue };
        let (records, have) = match source.count_larger_than(snapshot, max)? {
            0 => continue,
            1 => ("1 record".to_owned(), "has"),
            count => (format!("{count} records"), "have"),
        };
        let name = source.name();
        warnings.push(format!(
            "{records} of {name} {have} more than {max} bytes of values, and the server takes no larger request"
        ));
    }
    Ok(warnings)
}

/// Encodes the first rows of a part and extrapolates. A row whose values alone are larger than
/// `max_body` bytes would not be sent.
fn estimate(
    options: &Options,
    schema: &Schema,
    snapshot: &Snapshot,
    plan: &Plan,
    part: &Part,
    max_body: u64,
) -> Result<u64, OfflineError> {
    let (mut json, mut body) = (BytesMut::new(), BytesMut::new());
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    let mut count = |body: &mut BytesMut| {
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
                if record.size_within(max_body)? == RowSize::Fits {
                    record.write_fields(&mut json)?;
                    encoder.encode(&mut body, record.id, &json, hash);
                }
                count(&mut body)
            })
        }
        Source::JoinRows(source) => {
            let encoder = join_encoder(options, client_id, source);
            source.for_each(snapshot, |row| {
                json.clear();
                if row.size_within(max_body) == RowSize::Fits {
                    row.write_metadata(&mut json)?;
                    encoder.encode(&mut body, row.from, row.to, &json, hash);
                }
                count(&mut body)
            })
        }
        Source::Extra => {
            Extra::of(plan, schema)?.for_each(&options.mutation_id_prefix, client_id, |_, _, delete| {
                body.extend_from_slice(delete.json.as_bytes());
                count(&mut body)
            })
        }
        // All of them are encoded for the list of their mutation ids.
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
        Source::Extra => return "what only the server has is removed at the end".to_owned(),
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
