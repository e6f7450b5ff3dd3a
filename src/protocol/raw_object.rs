//! Answers read part by part: nobody knows what a server sends, so each part is read as the
//! type that it must have, and none of them grows into a tree that is larger than the text.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::NeitherDialect;

/// How many keys an object of the protocol has at most; it has about ten.
const MAX_KEYS: usize = 1000;

/// How many items a list has at most: more than any batch or page, and few enough that reading
/// them takes no more memory than the largest answer.
const MAX_ITEMS: usize = 500_000;

/// The parts of a JSON object, none of which has been read yet.
#[derive(Debug, Clone, Default)]
pub struct Parts<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Parts<'a> {
    /// Finds the parts of an object.
    ///
    /// # Errors
    /// That of the parser; one about data when the text is JSON and no object.
    pub fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Whether there is a part of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text of a part; `None` when it is missing or null.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get()).filter(|text| *text != "null")
    }

    /// A part as what it must be; `None` when it is missing or null.
    ///
    /// # Errors
    /// [`NeitherDialect`] when it is something else.
    pub fn get<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, NeitherDialect> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = serde_json::from_str(text);
        read.map(Some).map_err(|error| NeitherDialect::new(format!("`{name}`: {error}")))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some((name, part)) = entries.next_entry()? {
            parts.insert(name, part);
            if parts.len() > MAX_KEYS {
                return Err(A::Error::custom("an object has too many keys"));
            }
        }
        Ok(Parts(parts))
    }
}

/// A list that is not longer than any that makes sense.
#[derive(Debug)]
pub struct Bounded<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Bounded<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
            if list.len() > MAX_ITEMS {
                return Err(A::Error::custom(format_args!("a list has more than {MAX_ITEMS} items")));
            }
        }
        Ok(Bounded(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        assert!(Parts::read("[1]").unwrap_err().is_data());
        assert!(!Parts::read("{").unwrap_err().is_data());
        let parts = Parts::read(r#"{"a": null, "b": [1, 2]}"#).unwrap();
        assert!(parts.has("a") && parts.text("a").is_none());
        assert_eq!(parts.get::<Bounded<u8>>("b").unwrap().unwrap().0, [1, 2]);
        assert!(parts.get::<String>("b").is_err());
    }

    #[test]
    fn nothing_is_longer_than_makes_sense() {
        let list = format!("[{}0]", "0,".repeat(MAX_ITEMS));
        assert!(serde_json::from_str::<Bounded<u8>>(&list).is_err());
        assert_eq!(
            serde_json::from_str::<Bounded<u8>>(&list.replacen("0,", "", 1)).unwrap().0.len(),
            MAX_ITEMS
        );
        let keys: Vec<_> = (0..=MAX_KEYS).map(|key| format!("\"{key}\":0")).collect();
        assert!(Parts::read(&format!("{{{}}}", keys.join(","))).is_err());
    }
}
