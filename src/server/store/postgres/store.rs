//! The open store. It is made in [`super::open`], written in [`super::lane`] and read in
//! [`super::reader`].

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::config::PostgresConfig;
use super::connection::Connector;
use super::error::{Class, Failure, PostgresError};
use super::lane::Lane;
use super::open::{Refused, open};
use super::page_sql::PageStatements;
use super::reader::{FeedEnd, Reader};
use super::retention_sql::RetentionStatements;
use super::snapshot::Snapshot;
use super::sql::Statements;
use crate::server::store::{FeedItem, FeedQuery, Result, StoreError, TableFields};

/// How long a database that cannot be reached is waited for at the start: one that is started at the
/// same time is there by then.
const START: Duration = Duration::from_secs(10);

/// The pause between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(200);

/// What reads and writes share.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) statements: Statements,
}

/// A store in PostgreSQL.
pub(in crate::server) struct PostgresStore {
    id: String,
    shared: Arc<Shared>,
    pub(super) reader: Reader,
    pub(super) retention: RetentionStatements,
    pub(super) page: PageStatements,
}

impl PostgresStore {
    /// Opens the store, or makes it, for a server that accepts these fields. A database that cannot be
    /// reached is waited for.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be reached or refuses the user, or there is something else
    /// in the schema.
    pub(in crate::server) async fn open(config: &PostgresConfig, fields: &TableFields) -> Result<Self> {
        let shared =
            Shared { connector: Connector::new(config)?, statements: Statements::new(&config.schema) };
        let shared = Arc::new(shared);
        let id = open_or_make(&shared.connector, config, fields).await?;
        let retention = RetentionStatements::new(&config.schema);
        let page = PageStatements::new(&config.schema);
        Ok(Self { id, reader: Reader::new(Arc::clone(&shared)), shared, retention, page })
    }

    /// The store id: made with the store, never changed.
    pub(in crate::server) fn id(&self) -> &str {
        &self.id
    }

    /// Another connection that writes, which is made when it is first used.
    pub(in crate::server) fn lane(&self) -> Lane {
        Lane::new(Arc::clone(&self.shared))
    }

    /// The last step of the sequence.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn sequence(&self) -> Result<u64> {
        self.reader.sequence().await
    }

    /// Calls `each` with the items of the feed after a step, about `steps` of them at a time, in the
    /// order of the feed, until it breaks. An item that moves behind the last step that was there at the
    /// beginning is left out.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn changes(
        &self,
        query: &FeedQuery,
        steps: u64,
        each: impl FnMut(FeedItem<'_>) -> ControlFlow<()>,
    ) -> Result<FeedEnd> {
        self.reader.changes(query, steps, each).await
    }

    /// Takes a snapshot of the store.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub(in crate::server) async fn snapshot(&self) -> Result<Snapshot> {
        self.reader.snapshot().await
    }
}

async fn open_or_make(
    connector: &Connector,
    config: &PostgresConfig,
    fields: &TableFields,
) -> Result<String> {
    let (start, mut has_warned) = (Instant::now(), false);
    loop {
        let opened = match connector.connect().await {
            Ok(connection) => open(&connection, &config.schema, fields).await,
            Err(failure) => Err(Refused::Failed(failure)),
        };
        let failure = match opened {
            Ok(id) => return Ok(id),
            Err(Refused::Store(error)) => return Err(error),
            Err(Refused::NoPermission(failure)) => return Err(no_permission(config, failure).into()),
            Err(Refused::Failed(failure)) => failure,
        };
        if failure.class() == Class::Permanent {
            return Err(start_error(config, failure).into());
        }
        if start.elapsed() + PAUSE > START {
            return Err(PostgresError::Unreachable(failure).into());
        }
        if !std::mem::replace(&mut has_warned, true) {
            tracing::warn!(%failure, "waiting for PostgreSQL at {}", config.hosts());
        }
        sleep(PAUSE).await;
    }
}

fn no_permission(config: &PostgresConfig, source: Failure) -> PostgresError {
    PostgresError::NoPermission { schema: config.schema.quoted(), user: config.user().to_owned(), source }
}

/// Says what to do about a failure that stays.
fn start_error(config: &PostgresConfig, source: Failure) -> PostgresError {
    if source.tls().is_some() {
        return PostgresError::Untrusted { source };
    }
    match source.state().map(tokio_postgres::error::SqlState::code) {
        // Invalid authorization, invalid password.
        Some("28000" | "28P01") => PostgresError::Credentials { user: config.user().to_owned(), source },
        Some("3D000") => PostgresError::NoDatabase { database: config.database().to_owned(), source },
        _ => PostgresError::Failed(source),
    }
}

impl From<Failure> for StoreError {
    /// The error of a read or a write that was tried for as long as a request waits.
    fn from(failure: Failure) -> Self {
        match failure.class() {
            Class::Permanent => PostgresError::Failed(failure).into(),
            Class::Conflict | Class::Unavailable => Self::Unavailable(PostgresError::Failed(failure)),
        }
    }
}
