//! The schema: from a file, else the one that the database stores (contract 2). What a schema may contain
//! is decided in [`crate::schema`].

use std::path::Path;

use crate::cli::text_file;
use crate::cloneup::Failure;
use crate::offline::OfflineError;
use crate::schema::Schema;

/// Reads and parses the schema; `stored` is asked only where no file is named.
///
/// # Errors
/// A [`Failure`] when there is no schema, or it cannot be read or is invalid.
pub(in crate::cli) fn schema(
    file: Option<&Path>,
    stored: impl FnOnce() -> Result<Option<String>, OfflineError>,
) -> Result<Schema, Failure> {
    let (text, place) = match file.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => {
            let text = text_file::read(path).map_err(|error| {
                Failure::schema(format!("cannot read the schema {}: {error}", path.display()), "schema")
            })?;
            (text, path.display().to_string())
        }
        None => match stored()? {
            Some(text) => (text, "__datafn_meta".to_owned()),
            None => {
                let message = "no schema: name one with --schema, SYNCTOOL_SCHEMA or `schema` in synctool.toml, \
                    or store one in __datafn_meta; `synctool schema infer` makes one";
                return Err(Failure::schema(message, "schema"));
            }
        },
    };
    Schema::parse(&text).map_err(|error| Failure::schema(format!("{error} (in {place})"), &error.path))
}
