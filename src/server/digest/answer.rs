//! Answers a comparison from a scan of the store.

use std::sync::Arc;

use serde_json::{Value, json};

use super::buckets::BucketsScan;
use super::query::DigestQuery;
use super::tables::TablesScan;
use crate::protocol::Cursor;
#[cfg(feature = "postgres")]
use crate::server::store::postgres::{Snapshot, StoredItems};
use crate::server::store::{Result, Store, read};

/// The result of a comparison.
///
/// # Errors
/// A [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
pub(in crate::server) async fn answer(store: &Store, query: DigestQuery) -> Result<Value> {
    match store {
        Store::Sqlite(store) => {
            let written = Arc::clone(store.written_fields());
            read(Arc::clone(store), move |reader| match &query {
                DigestQuery::Tables { bits, tables } => {
                    let mut scan = TablesScan::new(*bits, tables, &written);
                    reader.stored_items(scan.needs_documents(), |item| scan.add(item))?;
                    Ok(json!({"cursor": Cursor::from(reader.sequence()), "tables": scan.finish()}))
                }
                DigestQuery::Buckets { bits, table, buckets } => {
                    let mut scan = BucketsScan::new(*bits, table, buckets, &written);
                    reader.stored_items(scan.needs_documents(), |item| scan.add(item))?;
                    let mut result = json!(scan.finish());
                    result["cursor"] = json!(Cursor::from(reader.sequence()));
                    Ok(result)
                }
            })
            .await
        }
        #[cfg(feature = "postgres")]
        Store::Postgres(store) => answer_snapshot(&store.snapshot().await?, &query).await,
    }
}

/// The result of a comparison with a snapshot of a database.
#[cfg(feature = "postgres")]
async fn answer_snapshot(snapshot: &Snapshot, query: &DigestQuery) -> Result<Value> {
    let written = snapshot.written_fields().await?;
    let cursor = Cursor::from(snapshot.sequence().await?);
    match query {
        DigestQuery::Tables { bits, tables } => {
            let mut scan = TablesScan::new(*bits, tables, &written);
            let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
            let mut items = snapshot.stored_items(&names, scan.needs_documents()).await?;
            while let Some(row) = items.next().await? {
                scan.add(&StoredItems::item(&row)?)?;
            }
            Ok(json!({"cursor": cursor, "tables": scan.finish()}))
        }
        DigestQuery::Buckets { bits, table, buckets } => {
            let mut scan = BucketsScan::new(*bits, table, buckets, &written);
            let mut items = snapshot.stored_items(&[&table.name], scan.needs_documents()).await?;
            while let Some(row) = items.next().await? {
                scan.add(&StoredItems::item(&row)?)?;
            }
            let mut result = json!(scan.finish());
            result["cursor"] = json!(cursor);
            Ok(result)
        }
    }
}
