//! One state of the store, read over a connection of its own for as long as the reader takes. Single
//! statements are in [`super::reader`].

use std::pin::Pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::types::Type;
use tokio_postgres::{Row, RowStream};

use super::connection::Connection;
use super::error::{Failure, PostgresError};
use super::reader::key_text;
use super::store::Shared;
use crate::server::store::{FeedItem, Result};

/// An open transaction that reads one state. Dropping it ends it.
pub(in crate::server) struct Snapshot {
    connection: Connection,
    shared: Arc<Shared>,
    /// Held as long as the connection.
    _permit: OwnedSemaphorePermit,
}

/// The items of a resource or join store, read one by one: PostgreSQL sends no faster than they are
/// taken.
pub(in crate::server) struct Items {
    rows: Pin<Box<RowStream>>,
    /// The last step that changed one of them.
    last_step: u64,
}

impl Snapshot {
    /// Reads over a connection that has begun its transaction.
    pub(super) fn new(connection: Connection, shared: Arc<Shared>, permit: OwnedSemaphorePermit) -> Self {
        Self { connection, shared, _permit: permit }
    }

    /// All items of a resource or join store, tombstones included, in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn items(&self, name: &str) -> Result<Items> {
        let (statements, name) = (&self.shared.statements, name.as_bytes());
        let last = self.connection.query_typed_one(&statements.last_step, &[(&name, Type::BYTEA)]).await;
        let last: i64 = last.and_then(|row| row.try_get(0)).map_err(Failure::from)?;
        let rows = self.connection.query_typed_raw(&statements.items, [(name, Type::BYTEA)]).await;
        Ok(Items {
            rows: Box::pin(rows.map_err(Failure::from)?),
            last_step: u64::try_from(last).map_err(|_| PostgresError::Damaged("a step is negative"))?,
        })
    }
}

impl Items {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn next(&mut self) -> Result<Option<Row>> {
        Ok(self.rows.try_next().await.map_err(Failure::from)?)
    }

    /// The item of a row. Its step is the last one of the whole table: a clone says of a table only that.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the row is damaged.
    pub(in crate::server) fn item<'r>(&self, name: &'r str, row: &'r Row) -> Result<FeedItem<'r>> {
        let (id, target) = (key_text(row, 0)?, key_text(row, 1)?);
        let document = row.try_get(2).map_err(Failure::from)?;
        Ok(FeedItem { step: self.last_step, name, id, target, document })
    }
}
