//! The members of a pulled record as the values of a table's fields. How values are stored is decided in
//! [`crate::offline::map`].

use std::collections::HashMap;

use crate::offline::map::fields::MappedField;
use crate::protocol::{JsonText, PulledRecord};

/// The places of fields by their names.
pub(super) struct FieldPlaces(HashMap<String, usize>);

impl FieldPlaces {
    pub(super) fn new(fields: &[MappedField]) -> Self {
        Self(fields.iter().enumerate().map(|(place, field)| (field.name.clone(), place)).collect())
    }

    /// The values of all fields in the order of the fields; a field that the record lacks is null.
    pub(super) fn read<'p>(
        &self,
        fields: &[MappedField],
        record: PulledRecord<'p>,
        values: &mut Vec<JsonText<'p>>,
    ) {
        values.clear();
        values.resize(fields.len(), JsonText::NULL);
        // Servers keep records in canonical order, as the fields are: then no name is looked up.
        let mut next = 0;
        for (key, value) in record.members() {
            let is_next = |field: &MappedField| key.is_string(&field.name);
            let place = if fields.get(next).is_some_and(is_next) {
                Some(next)
            } else {
                key.as_str().and_then(|key| self.0.get(&*key).copied())
            };
            if let Some(place) = place {
                values[place] = value;
                next = place + 1;
            }
        }
    }
}
