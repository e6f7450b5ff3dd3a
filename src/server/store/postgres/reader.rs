//! Reads of the store: each has a connection of a pool for one statement, and is tried again where that
//! is lost. A whole state is read in [`super::snapshot`].

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Pool, PoolError, RecycleError, RecycleResult};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connection::Connection;
use super::error::{Class, Failure, PostgresError};
use super::snapshot::Snapshot;
use super::sql::BEGIN_SNAPSHOT;
use super::store::Shared;
use crate::server::store::{FeedItem, FeedQuery, OwnChanges, Result};

/// Connections for reads. A statement takes some milliseconds, so a few serve many clients.
const CONNECTIONS: usize = 8;

/// Clones at a time. Each has a connection of its own for as long as its client takes to read it.
const SNAPSHOTS: usize = 4;

/// How long a read is tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause before a read is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes of documents in one answer of PostgreSQL, about.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// Steps that one statement looks at, at most: where most of the items have moved on, the batches
/// before have to be skipped one by one.
const MAX_STEPS: u64 = 65_536;

/// Reads.
pub(super) struct Reader {
    pool: Pool<SharedConnector>,
    snapshots: Arc<Semaphore>,
    shared: Arc<Shared>,
}

/// Makes the connections of the pool.
struct SharedConnector(Arc<Shared>);

impl Manager for SharedConnector {
    type Type = Connection;
    type Error = Failure;

    async fn create(&self) -> std::result::Result<Connection, Failure> {
        self.0.connector.connect().await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Failure> {
        // One that is lost and does not know it yet shows with the read, which is then tried again.
        if connection.is_closed() { Err(RecycleError::message("closed")) } else { Ok(()) }
    }
}

/// Up to where the feed was read.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct FeedEnd {
    /// The last step that was there at the beginning.
    pub(in crate::server) sequence: u64,
    /// The horizon of forgotten deletes.
    pub(in crate::server) horizon: u64,
}

/// A place in the feed: after an item of a step.
#[derive(Debug, Clone, Copy)]
struct Position {
    step: u64,
    part: i32,
}

impl Position {
    /// The place after a whole step.
    fn after(step: u64) -> Self {
        Self { step, part: i32::MAX }
    }

    /// The last step that is wholly before this place.
    fn complete(self) -> u64 {
        if self.part == i32::MAX { self.step } else { self.step.saturating_sub(1) }
    }
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let pool = Pool::builder(SharedConnector(Arc::clone(&shared)))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool without timeouts needs nothing that could be missing");
        Self { pool, snapshots: Arc::new(Semaphore::new(SNAPSHOTS)), shared }
    }

    /// The last step of the sequence.
    pub(super) async fn sequence(&self) -> Result<u64> {
        let rows = self.read(&self.shared.statements.sequence, &[]).await?;
        sequence_of(rows.first())
    }

    /// See [`super::store::PostgresStore::changes`].
    pub(super) async fn changes(
        &self,
        query: &FeedQuery,
        steps: u64,
        mut each: impl FnMut(FeedItem<'_>) -> ControlFlow<()>,
    ) -> Result<FeedEnd> {
        // One more, which tells whether there is a further page.
        let rows = steps.saturating_add(1);
        let (mut position, mut span, mut last) = (Position::after(query.after), rows, None);
        loop {
            let end = position.step.saturating_add(span).min(last.unwrap_or(u64::MAX));
            let found = self.chunk(position, end, query.own, rows).await?;
            // Whatever commits after the first statement has a later step. Without this bound an item
            // that moves between two statements could be in the page twice.
            let last = *last.get_or_insert(sequence_of(found.first())?);
            // Of the latest statement: what was forgotten before it may be missing in the page.
            let end_of_feed = FeedEnd { sequence: last, horizon: horizon_of(found.first())? };
            let (mut count, mut bytes) = (0, 0);
            for row in &found {
                // Without items there is one row, which has the last step.
                let Some((item, part)) = item_of(row)? else { break };
                position = Position { step: item.step, part };
                count += 1;
                bytes += item.document.map_or(0, str::len);
                if each(item).is_break() {
                    return Ok(end_of_feed);
                }
            }
            let is_cut_off = count == rows || bytes >= CHUNK_BYTES;
            if !is_cut_off {
                position = Position::after(end);
            }
            if position.step >= last && !is_cut_off {
                return Ok(end_of_feed);
            }
            if count < rows / 4 {
                span = span.saturating_mul(4).min(MAX_STEPS.max(rows));
            }
        }
    }

    /// Items of the feed after a place, up to the step `end`.
    async fn chunk(
        &self,
        position: Position,
        end: u64,
        own: Option<OwnChanges>,
        rows: u64,
    ) -> Result<Vec<Row>> {
        let parameters = (
            step(position.step),
            step(end),
            own.map(|own| own.client.0),
            step(own.map_or(0, |own| own.after)),
            step(rows),
            i64::try_from(CHUNK_BYTES).unwrap_or(i64::MAX),
            step(position.complete()),
        );
        let (after, end, client, known, rows, bytes, complete) = &parameters;
        let parameters: [(&(dyn ToSql + Sync), Type); 8] = [
            (after, Type::INT8),
            (&position.part, Type::INT4),
            (end, Type::INT8),
            (client, Type::INT8),
            (known, Type::INT8),
            (rows, Type::INT8),
            (bytes, Type::INT8),
            (complete, Type::INT8),
        ];
        self.read(&self.shared.statements.changes, &parameters).await
    }

    /// Takes a snapshot, as soon as there are not too many.
    pub(super) async fn snapshot(&self) -> Result<Snapshot> {
        let tries = Tries::new();
        let permit = timeout_at(tries.deadline, Arc::clone(&self.snapshots).acquire_owned()).await;
        let permit = permit.map_err(|_| Failure::NoConnection)?.expect("the semaphore is never closed");
        loop {
            let beginning = async {
                let connection = self.shared.connector.connect().await?;
                connection.batch_execute(BEGIN_SNAPSHOT).await?;
                Ok(connection)
            };
            match tries.first_answer(beginning).await {
                Ok(connection) => return Ok(Snapshot::new(connection, Arc::clone(&self.shared), permit)),
                Err(failure) => tries.pause(failure).await?,
            }
        }
    }

    /// How many connections are in use, and how many are idle.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size.saturating_sub(status.available), status.available)
    }

    /// Runs a statement that may run again, and returns its rows.
    pub(super) async fn read(
        &self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>> {
        let tries = Tries::new();
        loop {
            let reading = async {
                let connection = self.pool.get().await.map_err(|error| match error {
                    PoolError::Backend(failure) => failure,
                    _ => Failure::NoConnection,
                })?;
                Ok(connection.query_typed(statement, parameters).await?)
            };
            match tries.first_answer(reading).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => {
                    // What has ended one connection has probably ended those that wait for a read too.
                    if failure.class() == Class::Unavailable {
                        self.pool.retain(|_, _| false);
                    }
                    tries.pause(failure).await?;
                }
            }
        }
    }
}

/// The time in which a read is tried.
struct Tries {
    deadline: Instant,
}

impl Tries {
    fn new() -> Self {
        Self { deadline: Instant::now() + PATIENCE }
    }

    /// The outcome of a try, or that the time is over.
    async fn first_answer<T>(
        &self,
        work: impl Future<Output = std::result::Result<T, Failure>>,
    ) -> std::result::Result<T, Failure> {
        timeout_at(self.deadline, work).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Waits before another try.
    ///
    /// # Errors
    /// The failure, if another try would fail too or there is no time for it.
    async fn pause(&self, failure: Failure) -> Result<()> {
        if failure.class() == Class::Permanent || Instant::now() + PAUSE >= self.deadline {
            return Err(failure.into());
        }
        tracing::debug!(%failure, "a read is tried again");
        sleep(PAUSE).await;
        Ok(())
    }
}

/// The last step, which the first row has.
pub(super) fn sequence_of(row: Option<&Row>) -> Result<u64> {
    let row = row.ok_or(PostgresError::Damaged("there is no counter"))?;
    let sequence: i64 = row.try_get(0).map_err(Failure::from)?;
    u64::try_from(sequence).map_err(|_| PostgresError::Damaged("the counter is negative").into())
}

/// The horizon of forgotten deletes, which every row of the feed has.
fn horizon_of(row: Option<&Row>) -> Result<u64> {
    let row = row.ok_or(PostgresError::Damaged("there is no counter"))?;
    let horizon: i64 = row.try_get(7).map_err(Failure::from)?;
    u64::try_from(horizon).map_err(|_| PostgresError::Damaged("the horizon is negative").into())
}

/// An item of the feed and its number within its step; none in the row that is there without items.
fn item_of(row: &Row) -> Result<Option<(FeedItem<'_>, i32)>> {
    let Some(step) = row.try_get::<_, Option<i64>>(1).map_err(Failure::from)? else { return Ok(None) };
    let item = FeedItem {
        step: u64::try_from(step).map_err(|_| PostgresError::Damaged("a step is negative"))?,
        name: key_text(row, 3)?,
        id: key_text(row, 4)?,
        target: key_text(row, 5)?,
        document: row.try_get(6).map_err(Failure::from)?,
    };
    Ok(Some((item, row.try_get(2).map_err(Failure::from)?)))
}

/// A part of a key, which is stored as bytes.
pub(super) fn key_text(row: &Row, column: usize) -> Result<&str> {
    let bytes = row.try_get(column).map_err(Failure::from)?;
    std::str::from_utf8(bytes).map_err(|_| PostgresError::Damaged("a key is not UTF-8").into())
}

/// A step as PostgreSQL has it. No sequence reaches the end of `i64`.
fn step(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}
