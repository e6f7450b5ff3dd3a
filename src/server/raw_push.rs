//! The zero-copy reader of a push's body: strings, records and relations stay slices of the body.
//! Whether they fit the schema is not checked here but in [`super::prepare`].

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::raw_json::{Key, Kind, OneKind, ReadOneKind};

/// The body of a push.
#[derive(Debug, Default)]
pub(super) struct RawPush<'a> {
    /// `None` if it is missing, empty, or not a string.
    pub(super) client_id: Option<Cow<'a, str>>,
    /// `None` if they are missing or not an array. If there are more than the limit, one more than the
    /// limit.
    pub(super) mutations: Option<Vec<RawMutation<'a>>>,
}

/// A mutation as it was sent. A string is `None` if it is missing, empty, or not a string; of an array
/// element that is not an object everything is `None`.
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

impl<'a> RawPush<'a> {
    /// Reads a body. Mutations after the first one over the limit are parsed and not kept: an array
    /// element may be two bytes of the body, and a [`RawMutation`] takes nearly a hundred times that.
    ///
    /// # Errors
    /// `serde_json`'s, for a body that is not JSON or not an object.
    pub(super) fn read(body: &'a [u8], max_mutations: usize) -> serde_json::Result<Self> {
        // Checked once for all strings and records.
        let text = std::str::from_utf8(body).map_err(serde::de::Error::custom)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
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

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawPush<'de>, A::Error> {
        let mut push = RawPush::default();
        while let Some(Key(key)) = entries.next_key()? {
            match &*key {
                "clientId" => push.client_id = string(&mut entries)?,
                "mutations" => {
                    let reader = MutationsReader { max: self.max_mutations };
                    push.mutations = entries.next_value_seed(OneKind(reader))?;
                }
                _ => drop(entries.next_value::<Kind>()?),
            }
        }
        Ok(push)
    }
}

struct MutationsReader {
    max: usize,
}

impl<'de> ReadOneKind<'de> for MutationsReader {
    type Output = Option<Vec<RawMutation<'de>>>;

    fn read_array<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Output, A::Error> {
        let mut mutations = Vec::new();
        while let Some(mutation) = items.next_element_seed(OneKind(MutationReader))? {
            mutations.push(mutation);
            if mutations.len() > self.max {
                Kind::skip_items(items)?;
                break;
            }
        }
        Ok(Some(mutations))
    }
}

struct MutationReader;

impl<'de> ReadOneKind<'de> for MutationReader {
    type Output = RawMutation<'de>;

    fn read_object<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawMutation<'de>, A::Error> {
        let mut mutation = RawMutation::default();
        while let Some(Key(key)) = entries.next_key()? {
            match &*key {
                "clientId" => mutation.client_id = string(&mut entries)?,
                "mutationId" => mutation.mutation_id = string(&mut entries)?,
                "resource" => mutation.resource = string(&mut entries)?,
                "operation" => mutation.operation = string(&mut entries)?,
                "id" => mutation.id = string(&mut entries)?,
                "record" => mutation.record = Some(entries.next_value()?),
                "relations" => mutation.relations = Some(entries.next_value()?),
                _ => drop(entries.next_value::<Kind>()?),
            }
        }
        Ok(mutation)
    }
}

struct StringReader;

impl<'de> ReadOneKind<'de> for StringReader {
    type Output = Option<Cow<'de, str>>;

    fn read_borrowed_string(self, text: &'de str) -> Self::Output {
        Some(Cow::Borrowed(text))
    }

    fn read_string(self, text: &str) -> Self::Output {
        Some(Cow::Owned(text.to_owned()))
    }
}

/// Reads an entry's value if it is a string and not empty.
fn string<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(entries.next_value_seed(OneKind(StringReader))?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_mutations(elements: usize, end: &str) -> serde_json::Result<Option<usize>> {
        let body = format!("{{\"mutations\":[{}0{end}", "0,".repeat(elements - 1));
        RawPush::read(body.as_bytes(), 10).map(|push| push.mutations.map(|mutations| mutations.len()))
    }

    #[test]
    fn keeps_at_most_one_mutation_over_the_limit() {
        for (elements, kept) in [(9, 9), (10, 10), (11, 11), (12, 11), (1_000_000, 11)] {
            assert_eq!(kept_mutations(elements, "]}").unwrap(), Some(kept), "{elements}");
        }
    }

    #[test]
    fn refuses_invalid_json_after_the_limit() {
        for end in ["", "]", "]}}", ",]}", ",nope]}"] {
            assert!(kept_mutations(100, end).is_err(), "{end}");
        }
    }
}
