//! Reads JSON without building a tree: only the kind of a value, or only values of one kind. What is
//! skipped is parsed nevertheless, so that a body that is not JSON is refused wherever the fault is.
//! What the values mean is not known here; [`super::raw_push`] and [`super::check`] use this.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The kind of a JSON value.
///
/// As a `Deserialize` type it parses a whole value and keeps nothing else of it. It is stricter than
/// [`serde::de::IgnoredAny`], for which `serde_json` checks neither the range of numbers nor surrogate
/// pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The kind of a value by its text, which is JSON.
    pub(super) fn of_text(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }

    /// Parses the remaining items of an array.
    pub(super) fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(())
    }

    /// Parses the remaining entries of an object.
    fn skip_entries<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
        Ok(Kind::Boolean)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_str<E>(self, _: &str) -> Result<Kind, E> {
        Ok(Kind::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Kind, A::Error> {
        Kind::skip_items(items).map(|()| Kind::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Kind, A::Error> {
        Kind::skip_entries(entries).map(|()| Kind::Object)
    }
}

/// The key of an object's entry, borrowed from the input unless it has escapes.
#[derive(Deserialize)]
pub(super) struct Key<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Reads values of one kind of JSON. An implementation has the method of its kind; a value of another
/// kind is skipped and gives the default.
pub(super) trait ReadOneKind<'de>: Sized {
    type Output: Default;

    fn read_borrowed_string(self, _: &'de str) -> Self::Output {
        Self::Output::default()
    }

    fn read_string(self, _: &str) -> Self::Output {
        Self::Output::default()
    }

    fn read_array<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Output, A::Error> {
        Kind::skip_items(items).map(|()| Self::Output::default())
    }

    fn read_object<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Output, A::Error> {
        Kind::skip_entries(entries).map(|()| Self::Output::default())
    }
}

/// Makes a serde seed of a [`ReadOneKind`].
pub(super) struct OneKind<R>(pub(super) R);

impl<'de, R: ReadOneKind<'de>> DeserializeSeed<'de> for OneKind<R> {
    type Value = R::Output;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R::Output, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: ReadOneKind<'de>> Visitor<'de> for OneKind<R> {
    type Value = R::Output;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<R::Output, E> {
        Ok(R::Output::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<R::Output, E> {
        Ok(R::Output::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<R::Output, E> {
        Ok(R::Output::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<R::Output, E> {
        Ok(R::Output::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<R::Output, E> {
        Ok(R::Output::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<R::Output, E> {
        Ok(self.0.read_borrowed_string(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<R::Output, E> {
        Ok(self.0.read_string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<R::Output, A::Error> {
        self.0.read_array(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<R::Output, A::Error> {
        self.0.read_object(entries)
    }
}
