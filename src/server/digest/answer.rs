//! Answers a comparison from a scan of the store.

use std::sync::Arc;

use serde_json::{Value, json};

use super::buckets::BucketsScan;
use super::query::DigestQuery;
use super::tables::TablesScan;
use crate::protocol::Cursor;
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
    }
}
