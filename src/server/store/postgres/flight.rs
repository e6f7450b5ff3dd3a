//! Writes the changes of a group in one transaction, whose statements leave together: none waits for the
//! answer to the one before, and one that fails makes all of them fail. The order of the locks is the
//! same in every server: items that are updated, new items, mutations, the counter, the counts by name.

use std::pin::Pin;

use futures_util::future::join_all;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::batch;
use super::columns::{Changes, CheckColumns, ItemColumns, LiveColumns, MutationColumns};
use super::error::Failure;
#[cfg(debug_assertions)]
use super::mistakes;
use super::sql::{self, Statements};
use crate::failpoint;

/// The time that a server may take to send a transaction after `BEGIN`, before PostgreSQL ends it.
const IDLE_MS: u64 = 500;

/// The slowest network, in bytes per millisecond, on which a large group is not ended: 1 MiB a second.
const BYTES_PER_MS: u64 = 1024;

/// A parameter of a statement.
type Parameter<'p> = (&'p (dyn ToSql + Sync), Type);

/// The answer to a statement: the last step, for the one that takes the counter.
type Answer<'p> = Pin<Box<dyn Future<Output = Result<Option<i64>, tokio_postgres::Error>> + Send + 'p>>;

/// Begins a transaction that writes about this many bytes.
pub(super) fn begin(bytes: usize) -> String {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    sql::begin(IDLE_MS + bytes / BYTES_PER_MS)
}

/// Writes and commits changes. `begin` begins the transaction, unless there is one already. Returns the
/// step of the sequence that the group's steps follow.
///
/// # Errors
/// [`Failure`] when the transaction was rolled back, or its end is unknown.
pub(super) async fn write(
    client: &Client,
    statements: &Statements,
    begin: Option<&str>,
    changes: &Changes<'_>,
) -> Result<i64, Failure> {
    let batch = batch::new();
    let counter = statements.take_counter(changes.steps, changes.inserts.keys.len(), batch);
    #[cfg(debug_assertions)]
    let counter = mistakes::early_counter(client, statements, changes.steps, batch).await?.unwrap_or(counter);
    let mut answers: Vec<Answer<'_>> = Vec::new();
    answers.extend(begin.map(|begin| execute(client, begin)));
    if changes.updates.keys.len() > 0 {
        answers.push(Box::pin(update(client, &statements.update, batch, &changes.updates, &changes.batches)));
    }
    if changes.inserts.keys.len() > 0 {
        answers.push(Box::pin(insert(client, &statements.insert, batch, &changes.inserts)));
    }
    if !changes.mutations.ids.is_empty() {
        answers.push(Box::pin(remember(client, &statements.remember, batch, &changes.mutations)));
    }
    #[cfg(debug_assertions)]
    answers.extend(mistakes::pause().map(|pause| -> Answer<'_> {
        Box::pin(async move { client.batch_execute(&pause).await.map(|()| None) })
    }));
    answers.push(Box::pin(take_counter(client, &counter)));
    // After the counter, whose lock keeps two groups from taking these in different orders.
    if !changes.live.names.is_empty() {
        answers.push(Box::pin(add_live(client, &statements.add_live, &changes.live)));
    }
    // After the counter, because then nothing else can commit: what is asserted here holds at the place
    // that the group has in the sequence.
    if changes.checks.keys.len() > 0 {
        answers.push(Box::pin(check(client, &statements.check, &changes.checks)));
    }
    answers.push(execute(client, "COMMIT"));
    failpoint::reach("before-commit");
    let mut last = None;
    // The first error is the cause of the others.
    for answer in join_all(answers).await {
        last = last.or(answer?);
    }
    failpoint::reach("after-commit");
    // Every answer is there, so the counter's is.
    Ok(last.unwrap_or_default() - changes.steps)
}

fn execute<'p>(client: &'p Client, statement: &'p str) -> Answer<'p> {
    Box::pin(async { client.batch_execute(statement).await.map(|()| None) })
}

async fn assert(
    client: &Client,
    statement: &str,
    parameters: &[Parameter<'_>],
) -> Result<Option<i64>, tokio_postgres::Error> {
    client.query_typed(statement, parameters).await.map(|_| None)
}

async fn update(
    client: &Client,
    statement: &str,
    batch: i64,
    items: &ItemColumns<'_>,
    batches: &Vec<i64>,
) -> Result<Option<i64>, tokio_postgres::Error> {
    let count = length(items.keys.len());
    let mut parameters = item_parameters(&count, &batch, items);
    parameters.push((batches, Type::INT8_ARRAY));
    assert(client, statement, &parameters).await
}

async fn insert(
    client: &Client,
    statement: &str,
    batch: i64,
    items: &ItemColumns<'_>,
) -> Result<Option<i64>, tokio_postgres::Error> {
    let count = length(items.keys.len());
    assert(client, statement, &item_parameters(&count, &batch, items)).await
}

fn item_parameters<'p>(count: &'p i64, batch: &'p i64, items: &'p ItemColumns<'_>) -> Vec<Parameter<'p>> {
    vec![
        (count, Type::INT8),
        (batch, Type::INT8),
        (&items.keys.names, Type::BYTEA_ARRAY),
        (&items.keys.ids, Type::BYTEA_ARRAY),
        (&items.keys.targets, Type::BYTEA_ARRAY),
        (&items.steps, Type::INT4_ARRAY),
        (&items.parts, Type::INT4_ARRAY),
        (&items.clients, Type::INT8_ARRAY),
        (&items.documents, Type::TEXT_ARRAY),
        (&items.digests, Type::BYTEA_ARRAY),
    ]
}

async fn remember(
    client: &Client,
    statement: &str,
    batch: i64,
    mutations: &MutationColumns<'_>,
) -> Result<Option<i64>, tokio_postgres::Error> {
    let count = length(mutations.ids.len());
    let parameters: [Parameter<'_>; 4] = [
        (&count, Type::INT8),
        (&batch, Type::INT8),
        (&mutations.clients, Type::INT8_ARRAY),
        (&mutations.ids, Type::BYTEA_ARRAY),
    ];
    assert(client, statement, &parameters).await
}

async fn check(
    client: &Client,
    statement: &str,
    checks: &CheckColumns<'_>,
) -> Result<Option<i64>, tokio_postgres::Error> {
    let count = length(checks.keys.len());
    let parameters: [Parameter<'_>; 5] = [
        (&count, Type::INT8),
        (&checks.keys.names, Type::BYTEA_ARRAY),
        (&checks.keys.ids, Type::BYTEA_ARRAY),
        (&checks.keys.targets, Type::BYTEA_ARRAY),
        (&checks.presences, Type::BOOL_ARRAY),
    ];
    assert(client, statement, &parameters).await
}

async fn add_live(
    client: &Client,
    statement: &str,
    live: &LiveColumns<'_>,
) -> Result<Option<i64>, tokio_postgres::Error> {
    let parameters: [Parameter<'_>; 2] =
        [(&live.names, Type::BYTEA_ARRAY), (&live.changes, Type::INT8_ARRAY)];
    assert(client, statement, &parameters).await
}

async fn take_counter(client: &Client, statement: &str) -> Result<Option<i64>, tokio_postgres::Error> {
    client.query_typed_one(statement, &[]).await?.try_get(0)
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
