//! UTF-8 text that shares the memory of a request's body.
//!
//! An id or a record that is stored exactly as it was sent is a slice of the body from the parser to
//! the SQL statement: it is never copied. Text that was unescaped or built owns its bytes.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// Text that owns its bytes or is a reference-counted slice of a request's body. The body's memory is
/// freed with the last slice.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SharedText(Bytes);

impl SharedText {
    /// Text that was parsed out of `body`: a slice of it where the parser borrowed, else the parser's
    /// copy.
    ///
    /// # Panics
    /// When `text` borrows from anything but `body`.
    pub(super) fn slice_of(body: &Bytes, text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self(body.slice_ref(text.as_bytes())),
            Cow::Owned(text) => text.into(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("every constructor takes a str, so the bytes are UTF-8")
    }

    /// The UTF-8 bytes, without the check that [`Self::as_str`] makes on each call.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<str> for SharedText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for SharedText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl fmt::Display for SharedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl Serialize for SharedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
