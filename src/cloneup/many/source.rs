//! A database of many, which is opened when its turn comes: no more are open than are uploaded side by
//! side.

use std::path::Path;
use std::sync::Arc;

use crate::cloneup::failure::Failures;
use crate::cloneup::options::Selection;
use crate::offline::Database;
use crate::schema::Schema;

/// A database, and what is its own.
#[derive(Debug)]
pub struct Source {
    /// The database.
    pub database: Database,
    /// Its schema, which others may share.
    pub schema: Arc<Schema>,
    /// Upload only these records and join rows of it; `None` is what the options of all say.
    pub only: Option<Selection>,
}

/// Opens a database by its path, or says why that is not possible. Called on a thread that may block.
pub type OpenDatabase = dyn Fn(&Path) -> Result<Source, Failures> + Send + Sync;
