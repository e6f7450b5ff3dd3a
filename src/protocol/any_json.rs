//! Whether a text is JSON, found without a tree of values: the same texts are accepted as by
//! [`serde_json::Value`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON value; nothing of it is kept.
///
/// It is stricter than [`serde::de::IgnoredAny`], for which `serde_json` checks neither the range
/// of numbers nor surrogate pairs.
pub(crate) struct AnyJson;

impl<'de> Deserialize<'de> for AnyJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = AnyJson;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_bool<E>(self, _: bool) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_i64<E>(self, _: i64) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_u64<E>(self, _: u64) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_f64<E>(self, _: f64) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_str<E>(self, _: &str) -> Result<AnyJson, E> {
        Ok(AnyJson)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AnyJson, A::Error> {
        while items.next_element::<AnyJson>()?.is_some() {}
        Ok(AnyJson)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AnyJson, A::Error> {
        while entries.next_entry::<AnyJson, AnyJson>()?.is_some() {}
        Ok(AnyJson)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn accepts_the_same_texts_as_a_tree_of_values() {
        for text in [
            r#"{"a": [1, -2.5e3, true, null, "\ud83d\ude00"], "a": {}}"#,
            "18446744073709551616",
            "1e999",
            r#""\ud83d""#,
            "\"\u{1}\"",
            "[1,]",
            "{\"a\"}",
            "{1: 2}",
            "nul",
            "",
            "1 2",
            "\u{feff}1",
        ] {
            let is_value = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(serde_json::from_str::<AnyJson>(text).is_ok(), is_value, "{text}");
        }
        assert_eq!(
            serde_json::from_slice::<AnyJson>(b"\"\xff\"").is_ok(),
            serde_json::from_slice::<Value>(b"\"\xff\"").is_ok()
        );
    }
}
