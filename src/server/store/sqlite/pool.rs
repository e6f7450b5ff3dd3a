//! Open connections for readers, which are used again: opening one takes longer than reading a small
//! page.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::connection::connect;
use crate::server::store::Result;

/// Connections that are kept while nothing is read. Each may have a page cache of its own.
const MAX_IDLE: usize = 8;

/// The connections of readers.
#[derive(Debug)]
pub(super) struct ConnectionPool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// How many are lent.
    lent: AtomicUsize,
}

impl ConnectionPool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::new()), lent: AtomicUsize::new(0) }
    }

    /// An idle connection, or a new one.
    ///
    /// # Errors
    /// [`StoreError`](crate::server::store::StoreError) when the file cannot be opened.
    pub(super) fn get(self: &Arc<Self>) -> Result<PooledConnection> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| connect(&self.path), Ok)?;
        self.lent.fetch_add(1, Ordering::Relaxed);
        Ok(PooledConnection { pool: Arc::clone(self), connection: Some(connection) })
    }

    /// How many connections are in use, and how many are idle.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.lent.load(Ordering::Relaxed), self.idle().len())
    }

    /// Closes the idle connections.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to its pool when it is dropped.
pub(super) struct PooledConnection {
    pool: Arc<ConnectionPool>,
    /// `None` only after [`Self::close`] and in `drop`.
    connection: Option<Connection>,
}

impl PooledConnection {
    /// Closes the connection instead of giving it back.
    pub(super) fn close(&mut self) {
        self.connection = None;
    }
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is closed only when it is dropped")
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        self.pool.lent.fetch_sub(1, Ordering::Relaxed);
        let mut idle = self.pool.idle();
        if idle.len() < MAX_IDLE
            && let Some(connection) = self.connection.take()
        {
            idle.push(connection);
        }
    }
}
