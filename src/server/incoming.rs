//! A push as it comes, read without building a tree: what is kept as it was sent, or only
//! looked at, stays where it lies in the body.
//!
//! Whether it fits the schema is [`super::check`]'s business.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// What a JSON value is. All of it has been read, so that what is no JSON has been noticed.
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
    /// That of a value.
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
}

/// Methods of a visitor for values that make no difference to it.
macro_rules! otherwise {
    ($result:expr => $($kind:ident)*) => { $(otherwise!(@$kind $result);)* };
    (@scalar $result:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($result)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($result)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($result)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($result)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($result)
        }
    };
    (@string $result:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($result)
        }
    };
    (@array $result:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
            KindVisitor.visit_seq(items)?;
            Ok($result)
        }
    };
    (@object $result:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
            KindVisitor.visit_map(entries)?;
            Ok($result)
        }
    };
    (@expecting $what:literal) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str($what)
        }
    };
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    otherwise!(@expecting "any value");

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

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        while items.next_element::<Kind>()?.is_some() {}
        Ok(Kind::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        // The keys are strings in any case.
        while entries.next_entry::<Kind, Kind>()?.is_some() {}
        Ok(Kind::Object)
    }
}

/// A string, where it lies if it stands there as it is; `None` for anything else.
pub(super) struct MaybeText<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybeText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    otherwise!(@expecting "any value");

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    otherwise!(None => scalar array object);
}

/// The body of a push. What should be text and is not is `None`, as is what is missing.
#[derive(Debug, Default)]
pub(super) struct RawPush<'a> {
    pub(super) client_id: Option<Cow<'a, str>>,
    /// `None` when they are no array. Of too many, there is one more than the limit.
    pub(super) mutations: Option<Vec<RawMutation<'a>>>,
}

/// A mutation. What should be text and is not is `None`, as is what is missing; something
/// other than an object has nothing in it.
#[derive(Debug, Default)]
pub(super) struct RawMutation<'a> {
    pub(super) client_id: Option<Cow<'a, str>>,
    pub(super) mutation_id: Option<Cow<'a, str>>,
    pub(super) resource: Option<Cow<'a, str>>,
    pub(super) operation: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) record: Option<&'a RawValue>,
    pub(super) relations: Option<&'a RawValue>,
}

/// Reads a string that is not empty.
fn text<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(entries.next_value::<MaybeText<'_>>()?.0.filter(|text| !text.is_empty()))
}

impl<'a> RawPush<'a> {
    /// Reads a body. More than so many mutations are only looked at: each element of the array
    /// costs a hundred times the two bytes that it may have in the body.
    pub(super) fn read(body: &'a [u8], max_mutations: usize) -> serde_json::Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let push = deserializer.deserialize_map(PushVisitor { max_mutations })?;
        deserializer.end()?;
        Ok(push)
    }
}

struct PushVisitor {
    max_mutations: usize,
}

impl<'de> Visitor<'de> for PushVisitor {
    type Value = RawPush<'de>;

    otherwise!(@expecting "an object");

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut push = RawPush::default();
        while let Some(MaybeText(key)) = entries.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "clientId" => push.client_id = text(&mut entries)?,
                "mutations" => {
                    push.mutations = entries.next_value_seed(MutationsVisitor { max: self.max_mutations })?;
                }
                _ => drop(entries.next_value::<Kind>()?),
            }
        }
        Ok(push)
    }
}

struct MutationsVisitor {
    max: usize,
}

impl<'de> DeserializeSeed<'de> for MutationsVisitor {
    type Value = Option<Vec<RawMutation<'de>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MutationsVisitor {
    type Value = Option<Vec<RawMutation<'de>>>;

    otherwise!(@expecting "any value");

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut mutations = Vec::new();
        while let Some(mutation) = items.next_element()? {
            mutations.push(mutation);
            if mutations.len() > self.max {
                // What follows must be JSON all the same.
                KindVisitor.visit_seq(items)?;
                break;
            }
        }
        Ok(Some(mutations))
    }

    otherwise!(None => scalar string object);
}

impl<'de: 'a, 'a> Deserialize<'de> for RawMutation<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MutationVisitor)
    }
}

struct MutationVisitor;

impl<'de> Visitor<'de> for MutationVisitor {
    type Value = RawMutation<'de>;

    otherwise!(@expecting "any value");

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut mutation = RawMutation::default();
        while let Some(MaybeText(key)) = entries.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "clientId" => mutation.client_id = text(&mut entries)?,
                "mutationId" => mutation.mutation_id = text(&mut entries)?,
                "resource" => mutation.resource = text(&mut entries)?,
                "operation" => mutation.operation = text(&mut entries)?,
                "id" => mutation.id = text(&mut entries)?,
                "record" => mutation.record = Some(entries.next_value()?),
                "relations" => mutation.relations = Some(entries.next_value()?),
                _ => drop(entries.next_value::<Kind>()?),
            }
        }
        Ok(mutation)
    }

    otherwise!(RawMutation::default() => scalar string array);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(elements: usize, end: &str) -> serde_json::Result<Option<usize>> {
        let body = format!("{{\"mutations\":[{}0{end}", "0,".repeat(elements - 1));
        RawPush::read(body.as_bytes(), 10).map(|push| push.mutations.map(|mutations| mutations.len()))
    }

    #[test]
    fn of_too_many_mutations_one_more_than_the_limit_is_kept() {
        for (elements, kept) in [(9, 9), (10, 10), (11, 11), (12, 11), (1_000_000, 11)] {
            assert_eq!(count(elements, "]}").unwrap(), Some(kept), "{elements}");
        }
    }

    #[test]
    fn what_is_behind_the_limit_must_be_json_too() {
        for end in ["", "]", "]}}", ",]}", ",nope]}"] {
            assert!(count(100, end).is_err(), "{end}");
        }
    }
}
