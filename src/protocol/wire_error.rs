//! An error as servers write it, in either dialect, and its normalization to an [`ErrorBody`].
//!
//! Used by [`super::envelope`] for a refused request and by [`super::push`] for a rejected mutation.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::code;
use super::error::{ErrorBody, ROOT_PATH};
use super::raw_object::RawObject;

/// `{"code","message","path"}`, or with the path in `{"details":{"path"}}`, or nested in
/// `{"error":{…}}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireError<'a> {
    #[serde(rename = "mutationId")]
    pub(super) mutation_id: Option<String>,
    code: Option<String>,
    message: Option<String>,
    path: Option<String>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    pub(super) error: Option<Box<Self>>,
}

impl WireError<'_> {
    /// The error itself. A missing code is [`code::INTERNAL`], a missing path [`ROOT_PATH`] and a
    /// missing message an empty one.
    pub(super) fn into_body(self) -> ErrorBody {
        // `details` has no fixed type: a server may put other things there, which are ignored.
        let details = || RawObject::read(self.details?.get()).ok()?.get::<String>("path").ok()?;
        let path = self.path.or_else(details).unwrap_or_else(|| ROOT_PATH.to_owned());
        let code = self.code.unwrap_or_else(|| code::INTERNAL.to_owned());
        ErrorBody { code, message: self.message.unwrap_or_default(), path }
    }
}
