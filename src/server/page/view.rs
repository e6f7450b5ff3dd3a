//! What a subscriber is shown: named sections of JSON, each with the number of the reading that changed it,
//! so that only those are sent that a subscriber does not have.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

/// The sections after one reading of the store.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// The number of the reading, from 1.
    reading: u64,
    sections: Vec<Section>,
}

#[derive(Debug, Clone)]
struct Section {
    name: &'static str,
    json: Arc<str>,
    /// The reading that changed it.
    changed: u64,
}

impl View {
    /// The view after another reading, which may lack sections that could not be read: they stay as they
    /// are.
    pub(super) fn next(&self, sections: Vec<(&'static str, Value)>) -> Self {
        let mut next = Self { reading: self.reading + 1, sections: self.sections.clone() };
        for (name, value) in sections {
            next.set(name, value.to_string().into());
        }
        next
    }

    fn set(&mut self, name: &'static str, json: Arc<str>) {
        let changed = self.reading;
        match self.sections.iter_mut().find(|section| section.name == name) {
            Some(section) if section.json == json => {}
            Some(section) => *section = Section { name, json, changed },
            None => self.sections.push(Section { name, json, changed }),
        }
    }

    /// The number of the reading.
    pub(super) fn reading(&self) -> u64 {
        self.reading
    }

    /// A JSON object of the sections that were changed after a reading.
    pub(super) fn since(&self, reading: u64) -> String {
        let mut object = String::from("{");
        for Section { name, json, .. } in self.sections.iter().filter(|section| section.changed > reading) {
            let comma = if object.len() > 1 { "," } else { "" };
            write!(object, "{comma}\"{name}\":{json}").expect("a String takes any text");
        }
        object.push('}');
        object
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subscriber_is_sent_what_has_changed_since_its_last_event() {
        let first = View::default().next(vec![("a", json!([1])), ("b", json!("x"))]);
        let second = first.next(vec![("a", json!([1])), ("b", json!("y"))]);
        let third = second.next(vec![("a", json!([2]))]);
        assert_eq!(first.since(0), r#"{"a":[1],"b":"x"}"#);
        assert_eq!(second.since(first.reading()), r#"{"b":"y"}"#);
        assert_eq!(third.since(second.reading()), r#"{"a":[2]}"#);
        assert_eq!(third.since(first.reading()), r#"{"a":[2],"b":"y"}"#);
        assert_eq!(third.since(third.reading()), "{}");
    }
}
