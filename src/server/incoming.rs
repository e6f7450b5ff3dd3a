//! A push as it comes, read without building a tree: what is kept as it was sent, or only
//! looked at, stays where it lies in the body.
//!
//! Whether it fits the schema is [`super::check`]'s business.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
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
    /// `None` when they are no array.
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

impl<'de: 'a, 'a> Deserialize<'de> for RawPush<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PushVisitor)
    }
}

struct PushVisitor;

impl<'de> Visitor<'de> for PushVisitor {
    type Value = RawPush<'de>;

    otherwise!(@expecting "an object");

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut push = RawPush::default();
        while let Some(MaybeText(key)) = entries.next_key()? {
            match key.as_deref().unwrap_or_default() {
                "clientId" => push.client_id = text(&mut entries)?,
                "mutations" => push.mutations = entries.next_value::<Mutations<'_>>()?.0,
                _ => drop(entries.next_value::<Kind>()?),
            }
        }
        Ok(push)
    }
}

struct Mutations<'a>(Option<Vec<RawMutation<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Mutations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MutationsVisitor)
    }
}

struct MutationsVisitor;

impl<'de> Visitor<'de> for MutationsVisitor {
    type Value = Mutations<'de>;

    otherwise!(@expecting "any value");

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut mutations = Vec::new();
        while let Some(mutation) = items.next_element()? {
            mutations.push(mutation);
        }
        Ok(Mutations(Some(mutations)))
    }

    otherwise!(Mutations(None) => scalar string object);
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
