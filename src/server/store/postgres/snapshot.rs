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
use super::reader::{key_text, sequence_of};
use super::store::Shared;
use crate::mutation::ContentHash;
use crate::server::store::{FeedItem, Result, StoredItem, TableFields};

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

    /// The last step of the sequence.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn sequence(&self) -> Result<u64> {
        let rows = self.connection.query_typed(&self.shared.statements.sequence, &[]).await;
        sequence_of(rows.map_err(Failure::from)?.first())
    }

    /// The horizon of forgotten deletes.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn horizon(&self) -> Result<u64> {
        let rows = self.connection.query_typed(&self.shared.statements.horizon, &[]).await;
        sequence_of(rows.map_err(Failure::from)?.first())
    }

    /// The fields that documents may have: those that any server of this store has accepted.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn written_fields(&self) -> Result<TableFields> {
        let rows = self.connection.query_typed(&self.shared.statements.fields, &[]).await;
        let mut all = TableFields::new();
        for row in rows.map_err(Failure::from)? {
            let fields = all.entry(key_text(&row, 0)?.to_owned()).or_default();
            fields.insert(key_text(&row, 1)?.to_owned());
        }
        Ok(all)
    }

    /// Every item of some resources and join stores that is not deleted, in any order.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn stored_items(
        &self,
        names: &[&str],
        with_documents: bool,
    ) -> Result<StoredItems> {
        let statement = &self.shared.statements.stored[usize::from(with_documents)];
        let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
        let rows = self.connection.query_typed_raw(statement, [(names, Type::BYTEA_ARRAY)]).await;
        Ok(StoredItems(Box::pin(rows.map_err(Failure::from)?)))
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

/// Items that are not deleted, read one by one.
pub(in crate::server) struct StoredItems(Pin<Box<RowStream>>);

impl StoredItems {
    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
    pub(in crate::server) async fn next(&mut self) -> Result<Option<Row>> {
        Ok(self.0.try_next().await.map_err(Failure::from)?)
    }

    /// The item of a row.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the row is damaged.
    pub(in crate::server) fn item(row: &Row) -> Result<StoredItem<'_>> {
        let digest: &[u8] = row.try_get(3).map_err(Failure::from)?;
        let digest = digest.try_into().map_err(|_| PostgresError::Damaged("a digest has not 16 bytes"))?;
        Ok(StoredItem {
            name: key_text(row, 0)?,
            id: key_text(row, 1)?,
            target: key_text(row, 2)?,
            digest: ContentHash::from_bytes(digest),
            document: row.try_get(4).map_err(Failure::from)?,
        })
    }
}
