//! A JSON object whose members are read one by one, each as the type that it must have.
//!
//! Answers come from servers that are not trusted. Members stay text until they are read, so no
//! part of an answer becomes a tree of values that is larger than the text.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::NeitherDialect;

/// Maximum number of members of an object; the largest object of the protocol has about ten.
const MAX_MEMBERS: usize = 1000;

/// The members of a JSON object by name, as unparsed JSON text.
#[derive(Debug, Clone)]
pub struct RawObject<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> RawObject<'a> {
    /// Splits a JSON object into its members.
    ///
    /// # Errors
    /// The parser's error: of the category "data" (`is_data`) when the text is JSON but not an
    /// object, or an object of more than 1000 members.
    pub fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object has a member of this name, `null` included.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The JSON text of a member; `None` when it is missing or `null`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get()).filter(|text| *text != "null")
    }

    /// A member, deserialized; `None` when it is missing or `null`.
    ///
    /// # Errors
    /// [`NeitherDialect`] when the member has another type.
    pub fn get<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, NeitherDialect> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = serde_json::from_str(text);
        read.map(Some).map_err(|error| NeitherDialect::new(format!("`{name}`: {error}")))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = RawObject<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, member)) = entries.next_entry()? {
            members.insert(name, member);
            if members.len() > MAX_MEMBERS {
                return Err(A::Error::custom("an object has too many keys"));
            }
        }
        Ok(RawObject(members))
    }
}

#[cfg(test)]
mod tests {
    use super::super::bounded_list::BoundedList;
    use super::*;

    #[test]
    fn distinguishes_json_that_is_not_an_object_from_text_that_is_not_json() {
        assert!(RawObject::read("[1]").unwrap_err().is_data());
        assert!(!RawObject::read("{").unwrap_err().is_data());
        let object = RawObject::read(r#"{"a": null, "b": [1, 2]}"#).unwrap();
        assert!(object.has("a") && object.text("a").is_none());
        assert_eq!(object.get::<BoundedList<u8>>("b").unwrap().unwrap().0, [1, 2]);
        assert!(object.get::<String>("b").is_err());
    }

    #[test]
    fn rejects_an_object_with_too_many_members() {
        let members: Vec<_> = (0..=MAX_MEMBERS).map(|key| format!("\"{key}\":0")).collect();
        assert!(RawObject::read(&format!("{{{}}}", members.join(","))).is_err());
    }
}
