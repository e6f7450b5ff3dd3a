//! Sends a clone while the store is read. Its text is put together in [`super::clone_text`].

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
#[cfg(feature = "postgres")]
use tracing::Instrument as _;

use super::clone_text::{CloneTable, CloneText};
use crate::blocking_pool::run_on_pool;
use crate::protocol::ErrorBody;
use crate::schema::Schema;
use crate::server::dfql::{invalid, unknown_resource};
use crate::server::request::CloneQuery;
#[cfg(feature = "postgres")]
use crate::server::store::postgres::Snapshot;
use crate::server::store::sqlite::SqliteReader;
use crate::server::store::{Result, Store, StoreError};

/// Chunks that wait for a slow client; the reader waits when there are more (back-pressure).
const CHUNKS: usize = 2;

/// A chunk of the answer, or why there is no further one: the connection is then cut off, so that the
/// client does not take half a clone for a whole one.
type Chunk = Result<Bytes>;

/// The tables of a clone.
#[derive(Debug)]
pub(in crate::server) struct ClonePlan(Vec<CloneTable>);

/// The tables that a clone reads: the resources that it names, else all that are not remote-only, and
/// the join stores whose `from` is among them.
///
/// # Errors
/// `DFQL_UNKNOWN_RESOURCE`, or `DFQL_INVALID` for a remote-only resource.
pub(in crate::server) fn clone_plan(
    query: CloneQuery,
    schema: &Schema,
) -> std::result::Result<ClonePlan, ErrorBody> {
    let named = query.tables.unwrap_or_else(|| {
        let resources = schema.resources.iter().filter(|resource| !resource.is_remote_only);
        resources.map(|resource| resource.name.clone()).collect()
    });
    let mut tables = Vec::new();
    for (index, name) in named.into_iter().enumerate() {
        let path = format!("tables[{index}]");
        match schema.resource(&name) {
            None => return Err(unknown_resource(&name, path)),
            Some(resource) if resource.is_remote_only => return Err(invalid(path, "is remote-only")),
            Some(_) => {}
        }
        let table = CloneTable { name, is_join_store: false };
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let is_cloned = |name: &str| tables.iter().any(|table| table.name == name);
    let stores = schema.join_stores().into_iter().filter(|store| is_cloned(&store.from.name));
    let stores: Vec<_> = stores.map(|store| CloneTable { name: store.name(), is_join_store: true }).collect();
    tables.extend(stores);
    Ok(ClonePlan(tables))
}

/// Reads all records and join rows of the tables from one state of the store, and sends them as the
/// whole answer of a clone.
///
/// # Errors
/// A [`StoreError`] when the store cannot be read.
pub(in crate::server) async fn clone(store: &Store, plan: ClonePlan) -> Result<Body> {
    let (sender, receiver) = mpsc::channel::<Chunk>(CHUNKS);
    match store {
        Store::Sqlite(store) => {
            let store = Arc::clone(store);
            let opening = run_on_pool(move || store.reader());
            let reader = opening.await.unwrap_or_else(|error| Err(StoreError::ReadTask(error)))?;
            // The log lines of the thread name the request too.
            let span = tracing::Span::current();
            drop(run_on_pool(move || span.in_scope(|| send_file(&reader, plan, &sender))));
        }
        #[cfg(feature = "postgres")]
        Store::Postgres(store) => {
            let snapshot = store.snapshot().await?;
            let sending = async move {
                if let Err(error) = send_snapshot(&snapshot, plan, &sender).await {
                    tracing::error!(%error, "a clone was cut off");
                    let _ = sender.send(Err(error)).await;
                }
            };
            tokio::spawn(sending.in_current_span());
        }
    }
    let chunks = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    Ok(Body::from_stream(chunks))
}

/// Sends a clone of a database, until the client disconnects.
#[cfg(feature = "postgres")]
async fn send_snapshot(snapshot: &Snapshot, plan: ClonePlan, to: &mpsc::Sender<Chunk>) -> Result<()> {
    let mut text = CloneText::new();
    for table in plan.0 {
        let name = table.name.clone();
        text.begin(table);
        let mut items = snapshot.items(&name).await?;
        while let Some(row) = items.next().await? {
            text.add(&items.item(&name, &row)?);
            if let Some(chunk) = text.chunk()
                && to.send(Ok(chunk)).await.is_err()
            {
                return Ok(());
            }
        }
    }
    // An error means that the client has disconnected.
    let _ = to.send(Ok(text.finish(snapshot.horizon().await?))).await;
    Ok(())
}

/// Sends a clone of a file.
fn send_file(reader: &SqliteReader, plan: ClonePlan, to: &mpsc::Sender<Chunk>) {
    let last = send_tables(reader, plan, to).unwrap_or_else(|error| {
        tracing::error!(%error, "a clone was cut off");
        Some(Err(error))
    });
    if let Some(last) = last {
        // An error means that the client has disconnected.
        let _ = to.blocking_send(last);
    }
}

/// Sends all but the last chunk, which is returned; `None` if the client has disconnected.
///
/// # Errors
/// A [`StoreError`] when the store cannot be read.
fn send_tables(reader: &SqliteReader, plan: ClonePlan, to: &mpsc::Sender<Chunk>) -> Result<Option<Chunk>> {
    let mut text = CloneText::new();
    for table in plan.0 {
        let name = table.name.clone();
        text.begin(table);
        reader.items(&name, |item| {
            text.add(&item);
            let Some(chunk) = text.chunk() else { return ControlFlow::Continue(()) };
            // An error means that the client has disconnected.
            match to.blocking_send(Ok(chunk)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        if to.is_closed() {
            return Ok(None);
        }
    }
    Ok(Some(Ok(text.finish(reader.horizon()?))))
}
