//! The keys of JSON objects, read without a copy. What a key means is decided by the reader.

use std::borrow::Cow;

use serde::Deserialize;

/// The key of an object's entry, borrowed from the text unless it has escapes.
#[derive(Debug, Deserialize, Hash, PartialEq, Eq)]
pub(in crate::offline) struct JsonKey<'a>(#[serde(borrow)] pub(in crate::offline) Cow<'a, str>);
