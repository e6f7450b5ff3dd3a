//! The SQL condition that holds for rows with chosen ids, as [`super::shard_condition`] for those of a
//! shard. Who chooses them is decided in [`crate::cloneup`].

use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::offline::error::OfflineError;
use crate::offline::map::keys::Key;

/// The SQL function that says whether the values of a key make a chosen id.
const IS_CHOSEN: &str = "synctool_is_chosen";

/// Chooses records by their ids.
pub trait ChosenIds: fmt::Debug + Send + Sync {
    /// Whether a record is chosen.
    ///
    /// # Errors
    /// [`OfflineError`] when that cannot be found out.
    fn has(&self, id: &str) -> Result<bool, OfflineError>;
}

/// The condition, in a query with the alias `t`.
pub(super) fn of(key: &Key) -> String {
    format!("{IS_CHOSEN}({})", key.select_list("t."))
}

/// Registers the function for the next queries of a connection that read the table with this key.
pub(super) fn register(
    connection: &Connection,
    key: &Key,
    chosen: &Arc<dyn ChosenIds>,
) -> rusqlite::Result<()> {
    let (key, chosen) = (key.clone(), Arc::clone(chosen));
    // -1: any number of columns.
    connection.create_scalar_function(IS_CHOSEN, -1, FunctionFlags::SQLITE_UTF8, move |context| {
        // A key that makes no id is read, so that reading finds the error.
        let Ok(id) = key.id_of(|place| context.get_raw(place)) else { return Ok(true) };
        chosen.has(&id).map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))
    })
}
