//! The schema: from a file, else the one that the database stores (contract 2). What a schema may contain
//! is decided in [`crate::schema`].

use std::path::Path;

use crate::cli::nearest::nearest;
use crate::cli::text_file;
use crate::cloneup::Failure;
use crate::offline::OfflineError;
use crate::schema::{Schema, SchemaError, UnknownName};

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
    Schema::parse_all(&text).map_err(|errors| {
        let first = described(&errors[0], &place);
        let more = match errors.len() {
            1 => String::new(),
            count => format!(" (and {} more: `synctool schema check` lists them)", count - 1),
        };
        Failure::schema(format!("Invalid schema: {first}{more}"), &errors[0].path)
    })
}

/// A problem with its place in a file, and with the name that was probably meant.
pub(in crate::cli) fn described(error: &SchemaError, file: &str) -> String {
    let place = error.place.map_or_else(String::new, |place| format!(", {place}"));
    let meant = match error.unknown.as_ref().and_then(meant) {
        Some(meant) => format!("; is it meant to be `{meant}`?"),
        None => String::new(),
    };
    format!("{file}{place}: {}{meant}", error.message)
}

/// The name that was probably meant by one that does not exist.
pub(in crate::cli) fn meant(unknown: &UnknownName) -> Option<&str> {
    nearest(&unknown.name, unknown.known.iter().map(String::as_str))
}
