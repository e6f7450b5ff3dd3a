//! Applies the mutations of a push in order, each at most once, and collects the result. What a mutation
//! changes is decided in [`super::records`] and [`super::relations`].

use serde::{Serialize, Serializer};

use super::error::{ApplyError, Result};
use super::{records, relations};
use crate::protocol::{Cursor, MutationError};
use crate::schema::Schema;
use crate::server::activity::{Activity, AnsweredPush};
use crate::server::metrics::Metrics;
use crate::server::prepare::{Action, PreparedMutation, PreparedPush};
use crate::server::shared_text::SharedText;
use crate::server::store::{ClientNumber, StoreError, Writer};

/// The result of a push, as it is sent in the envelope (the first dialect of contract 3.3).
#[derive(Debug, Serialize)]
pub(in crate::server) struct PushResult {
    /// Whether there are no errors.
    ok: bool,
    /// Ids of the mutations that are applied, by this push or before.
    applied: Vec<SharedText>,
    errors: Vec<MutationError>,
    /// The step of the sequence after this push.
    #[serde(serialize_with = "as_cursor")]
    cursor: u64,
    /// How many of the applied mutations were applied before (capability `sync.push.repeated`).
    repeated: u64,
}

/// Writes a step as clients take it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_cursor<S: Serializer>(step: &u64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    Cursor::from(*step).serialize(serializer)
}

impl PushResult {
    /// Counts from a step of the sequence: for a store whose steps are numbered when they are committed.
    #[cfg(feature = "postgres")]
    pub(in crate::server) fn follow(&mut self, step: u64) {
        self.cursor += step;
    }

    /// Counts its mutations, which this client has sent.
    pub(in crate::server) fn count(&self, client_id: &str, metrics: &Metrics, activity: &Activity) {
        let (new, repeated) = (self.applied.len() as u64 - self.repeated, self.repeated);
        metrics.applied(new, repeated, self.errors.iter().map(|error| error.body.code.as_str()));
        activity.answered(client_id, &AnsweredPush { new, repeated, errors: &self.errors });
    }
}

/// Applies a push's mutations in order, inside an open transaction.
///
/// # Errors
/// [`StoreError`] when the store failed; the transaction must then be rolled back. Rejected mutations
/// are no error but part of the result.
pub(in crate::server) fn push(
    writer: &mut dyn Writer,
    schema: &Schema,
    push: &PreparedPush,
) -> std::result::Result<PushResult, StoreError> {
    let (mut applied, mut errors, mut repeated) = (Vec::with_capacity(push.len()), Vec::new(), 0);
    for PreparedMutation { id, action } in &push.mutations {
        // Without an id it is rejected; the answer then names the empty id.
        let id = id.clone().unwrap_or_else(|| SharedText::from(""));
        match apply_once(writer, schema, push.client, &id, action) {
            Ok(is_repeated) => {
                applied.push(id);
                repeated += u64::from(is_repeated);
            }
            Err(ApplyError::Rejected(body)) => {
                errors.push(MutationError { mutation_id: id.to_string(), body });
            }
            Err(ApplyError::Store(error)) => return Err(error),
        }
    }
    let cursor = writer.sequence();
    Ok(PushResult { ok: errors.is_empty(), applied, errors, cursor, repeated })
}

/// Applies a mutation, unless it was applied before; returns whether it was.
fn apply_once(
    writer: &mut dyn Writer,
    schema: &Schema,
    client: ClientNumber,
    mutation_id: &SharedText,
    action: &Action,
) -> Result<bool> {
    if !writer.remember(client, mutation_id)? {
        return Ok(true);
    }
    let outcome = match action {
        Action::Record(key, change) => records::change(writer, client, key, change),
        Action::Relations(change) => relations::change(writer, schema, client, change),
        Action::Reject(body) => Err(body.clone().into()),
    };
    match outcome {
        Ok(()) => {
            writer.take_step()?;
            Ok(false)
        }
        Err(error) => {
            // A rejected mutation may be sent again, corrected, under the same id.
            writer.forget(client, mutation_id)?;
            Err(error)
        }
    }
}
