//! The event at the end of a run: the statistics of the result, or its errors. Of any number of errors,
//! only the first ones are kept.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::protocol::MutationError;

/// Maximum number of errors that are kept: those of the rejected mutations that have an event, and as
/// many others.
const MAX_ERRORS: usize = 100;

/// Everything is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Applied {
    pub(crate) cursor: String,
    pub(crate) stats: Stats,
}

/// The statistics of a result, by resource and join store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    pub(crate) resources: Named,
    pub(crate) join_stores: Named,
}

/// Counts by their names, such as `records`, `mutations` and `repeated`.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Counts of resources or join stores, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Named(pub(crate) Vec<(String, Counts)>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Named;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of counts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Named(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The context of `sync_failed`.
#[derive(Deserialize)]
pub(super) struct FailedContext {
    pub(super) error: FailedError,
}

#[derive(Deserialize)]
pub(super) struct FailedError {
    pub(super) errors: Errors,
}

/// The errors of a result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Errors {
    /// The first [`MAX_ERRORS`].
    pub(crate) first: Vec<MutationError>,
    /// How many there are.
    pub(crate) count: u64,
}

impl Errors {
    fn add(&mut self, error: MutationError) {
        self.count += 1;
        if self.first.len() < MAX_ERRORS {
            self.first.push(error);
        }
    }
}

impl<'e> FromIterator<&'e MutationError> for Errors {
    fn from_iter<I: IntoIterator<Item = &'e MutationError>>(errors: I) -> Self {
        let mut errors = errors.into_iter();
        let first: Vec<_> = errors.by_ref().take(MAX_ERRORS).cloned().collect();
        let count = first.len() as u64 + errors.count() as u64;
        Self { first, count }
    }
}

impl<'de> Deserialize<'de> for Errors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Errors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of errors")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Errors, A::Error> {
                let mut errors = Errors::default();
                while let Some(error) = list.next_element()? {
                    errors.add(error);
                }
                Ok(errors)
            }
        }

        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorBody;

    #[test]
    fn of_many_errors_the_first_ones_are_kept_and_all_are_counted() {
        let errors: Vec<MutationError> = (0..250)
            .map(|number| MutationError::from(ErrorBody::new("X", number.to_string(), "p")))
            .collect();
        let kept: Errors = errors.iter().collect();
        assert_eq!((kept.first.len(), kept.count), (MAX_ERRORS, 250));
        let read: Errors = serde_json::from_str(&serde_json::to_string(&errors).unwrap()).unwrap();
        assert_eq!(read, kept);
    }

    #[test]
    fn the_statistics_keep_the_order_of_the_resources() {
        let json = r#"{"resources":{"z":{"records":2,"mutations":1,"new":3},"a":{"records":0}},
            "joinStores":{},"batches":1}"#;
        let stats: Stats = serde_json::from_str(json).unwrap();
        let names: Vec<_> = stats.resources.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, stats.resources.0[0].1["records"]), (vec!["z", "a"], 2));
    }
}
