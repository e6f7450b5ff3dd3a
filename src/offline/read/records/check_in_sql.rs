//! Checking the records of a resource in SQL. A large one is checked while it is sorted, in
//! [`super::check_by_sorting`]; reading the records is in [`super::record`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use rusqlite::functions::FunctionFlags;

use crate::offline::error::OfflineError;
use crate::offline::map::document::Document;
use crate::offline::map::fields::MappedField;
use crate::offline::map::unnamed_keys::UnnamedKeys;
use crate::offline::read::check::check_rows;
use crate::offline::read::records::source::RecordSource;
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::quoted;

/// The SQL function that says whether a document can be uploaded.
const IS_DOCUMENT: &str = "synctool_is_document";

impl RecordSource {
    /// Counts the records and checks every one of them in SQL, which reads only the columns that
    /// it must. Returns the number of records.
    ///
    /// # Errors
    /// [`OfflineError::Data`] for the first record in upload order that cannot be uploaded;
    /// [`OfflineError::Storage`] when the database cannot be read;
    /// [`OfflineError::Interrupted`] when the snapshot is interrupted.
    pub fn check(&self, snapshot: &Snapshot) -> Result<u64, OfflineError> {
        self.check_and_warn(snapshot, &mut Vec::new())
    }

    /// As [`Self::check`], with a warning for a person about keys of documents that the schema does
    /// not name.
    ///
    /// # Errors
    /// Those of [`Self::check`].
    pub fn check_and_warn(
        &self,
        snapshot: &Snapshot,
        warnings: &mut Vec<String>,
    ) -> Result<u64, OfflineError> {
        let table = &self.table;
        let unnamed = Arc::new(Mutex::new(self.unnamed_keys()));
        let mut invalid_values: Vec<_> = match &table.document {
            None => table.fields.iter().filter_map(MappedField::invalid_value_condition).collect(),
            Some(column) => {
                self.register_is_document(snapshot, &unnamed)?;
                vec![format!("NOT {IS_DOCUMENT}({})", quoted(column))]
            }
        };
        let key = table.key.text_column();
        if key.is_none() {
            invalid_values.extend(table.key.invalid_conditions());
        }
        let rows = table.row_condition();
        let checked = check_rows(snapshot, &table.name, key.as_slice(), &invalid_values, &rows)?;
        if checked.has_invalid_row {
            // Reading finds the first one in upload order, and what is wrong with it.
            let (mut all, mut json) = (self.clone(), BytesMut::new());
            all.table.shard = None;
            all.for_each(snapshot, |record| {
                json.clear();
                record.write_fields(&mut json)
            })?;
        }
        warnings.extend(lock(&unnamed).warning(&self.resource));
        Ok(checked.rows)
    }

    /// Registers [`IS_DOCUMENT`], which checks a document by the same rules by which it is read, and
    /// notes its keys that the schema does not name: no second scan is needed for them.
    fn register_is_document(
        &self,
        snapshot: &Snapshot,
        unnamed: &Arc<Mutex<UnnamedKeys>>,
    ) -> Result<(), OfflineError> {
        snapshot
            .for_each_connection(|connection| {
                let (fields, unnamed) = (self.table.fields.clone(), Arc::clone(unnamed));
                connection.create_scalar_function(
                    IS_DOCUMENT,
                    1,
                    FunctionFlags::SQLITE_UTF8,
                    move |context| {
                        let Ok(document) = Document::read(context.get_raw(0)) else { return Ok(false) };
                        lock(&unnamed).note(document.keys());
                        Ok(document.write_fields(&mut BytesMut::new(), &fields).is_ok())
                    },
                )
            })
            .map_err(OfflineError::while_doing("cannot check documents"))
    }
}

/// Locks for this thread: a thread that panicked has at most not counted a document.
fn lock(unnamed: &Mutex<UnnamedKeys>) -> MutexGuard<'_, UnnamedKeys> {
    unnamed.lock().unwrap_or_else(PoisonError::into_inner)
}
