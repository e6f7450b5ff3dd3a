//! Finds the changes in the text of a page, and the members of their records, in both dialects of a pull
//! (contract 3.4). Everything stays text, and is read once: only the places of the parts are kept. What
//! they mean is in [`super::pull_answer`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::any_json::AnyJson;
use super::bounded_list::MAX_ITEMS;
use super::cursor::Cursor;
use super::error::NeitherDialect;
use super::json_text::JsonText;
use super::pull::Op;
use super::raw_object::RawObject;

/// The place of a part in the text of an answer, in bytes. Answers are much smaller than 4 GiB
/// (contract 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The place of `part`, a part of `text`; `None` where it is none.
    fn of(part: &str, text: &str) -> Option<Self> {
        let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let end = start.checked_add(part.len()).filter(|end| *end <= text.len())?;
        Some(Self { start: start.try_into().ok()?, end: end.try_into().ok()? })
    }

    /// The part of the text at this place.
    pub(super) fn in_text(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

/// The places of a member's key and value.
pub(super) type MemberSpans = (Span, Span);

/// The places of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChangeSpans {
    /// The index of its table's name.
    pub(super) table: usize,
    pub(super) op: Op,
    pub(super) id: Option<Span>,
    /// The indexes of its record's first member, and of the one after its last.
    pub(super) record: Option<(usize, usize)>,
}

/// The changes of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Parts {
    /// The names of the tables, each once.
    pub(super) tables: Vec<String>,
    pub(super) changes: Vec<ChangeSpans>,
    /// The members of all records.
    pub(super) members: Vec<MemberSpans>,
    /// The highest `serverSeq`.
    pub(super) last: Option<Cursor>,
}

/// Reads the changes of a page.
pub(super) struct PageReader<'t> {
    text: &'t str,
    parts: Parts,
    /// The index of each table's name.
    indexes: HashMap<String, usize>,
    /// The highest `serverSeq` that fits into a machine integer.
    last: Option<u64>,
}

impl<'t> PageReader<'t> {
    /// A reader of this answer.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, parts: Parts::default(), indexes: HashMap::new(), last: None }
    }

    /// Everything that was read.
    pub(super) fn finish(self) -> Parts {
        let last = self.last.map(Cursor::from).max(self.parts.last);
        Parts { last, ..self.parts }
    }

    /// First dialect: reads the list of changes.
    pub(super) fn read_feed(&mut self, changes: &'t str) -> Result<(), NeitherDialect> {
        self.read_list("changes", changes, &Item::Change)
    }

    /// Second dialect: reads the deleted ids and the records, table by table.
    pub(super) fn read_tables(&mut self, result: &RawObject<'t>) -> Result<(), NeitherDialect> {
        let by_table = |name: &str| -> Result<BTreeMap<String, &'t RawValue>, NeitherDialect> {
            Ok(result.get(name)?.unwrap_or_default())
        };
        let (deleted, records) = (by_table("deleted")?, by_table("records")?);
        let mut names: Vec<_> = deleted.keys().chain(records.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let table = self.table(name);
            // Deletes first: a record that is also among the upserts exists now.
            if let Some(ids) = deleted.get(name) {
                self.read_list("deleted", ids.get(), &Item::Deleted(table))?;
            }
            if let Some(records) = records.get(name) {
                self.read_list("records", records.get(), &Item::Upserted(table))?;
            }
        }
        Ok(())
    }

    fn read_list(&mut self, name: &str, list: &'t str, item: &Item) -> Result<(), NeitherDialect> {
        let mut deserializer = serde_json::Deserializer::from_str(list);
        deserializer
            .deserialize_seq(List(self, item))
            .map_err(|error| NeitherDialect::new(format!("`{name}`: {error}")))
    }

    /// The index of a table's name.
    fn table(&mut self, name: &str) -> usize {
        // Most changes are of the same table as the one before.
        if let Some(change) = self.parts.changes.last()
            && self.parts.tables[change.table] == name
        {
            return change.table;
        }
        if let Some(index) = self.indexes.get(name) {
            return *index;
        }
        let index = self.parts.tables.len();
        self.parts.tables.push(name.to_owned());
        self.indexes.insert(name.to_owned(), index);
        index
    }

    /// Remembers a `serverSeq`, if it is the highest one.
    fn saw(&mut self, sequence: Sequence) {
        match sequence {
            Sequence::Number(number) => self.last = self.last.max(Some(number)),
            Sequence::Cursor(cursor) => self.parts.last = self.parts.last.take().max(Some(cursor)),
        }
    }

    fn span<E: Error>(&self, part: &str) -> Result<Span, E> {
        Span::of(part, self.text).ok_or_else(|| E::custom("the answer is too large"))
    }

    /// The place of an id.
    fn id<E: Error>(&self, raw: &'t RawValue) -> Result<Span, E> {
        if !raw.get().starts_with('"') {
            return Err(E::custom("an id must be a string"));
        }
        self.span(JsonText::new(raw).map_err(E::custom)?.text())
    }
}

/// What a list has: each variant reads an item of its kind.
enum Item {
    /// First dialect: changes.
    Change,
    /// Second dialect: ids of a table.
    Deleted(usize),
    /// Second dialect: records of a table.
    Upserted(usize),
}

impl Item {
    fn read<'t, D: Deserializer<'t>>(
        &self,
        reader: &mut PageReader<'t>,
        deserializer: D,
    ) -> Result<(), D::Error> {
        let change = match *self {
            Self::Change => deserializer.deserialize_map(Change(reader))?,
            Self::Deleted(table) => {
                let id = Some(reader.id(<&RawValue>::deserialize(deserializer)?)?);
                ChangeSpans { table, op: Op::Delete, id, record: None }
            }
            Self::Upserted(table) => {
                let record = Some(deserializer.deserialize_map(Record(reader))?);
                ChangeSpans { table, op: Op::Upsert, id: None, record }
            }
        };
        reader.parts.changes.push(change);
        Ok(())
    }
}

/// A list of items.
struct List<'r, 't>(&'r mut PageReader<'t>, &'r Item);

impl<'t> Visitor<'t> for List<'_, 't> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while items.next_element_seed(ItemSeed(self.0, self.1))?.is_some() {
            count += 1;
            if count > MAX_ITEMS {
                return Err(A::Error::custom(format_args!("a list has more than {MAX_ITEMS} items")));
            }
        }
        Ok(())
    }
}

struct ItemSeed<'r, 't>(&'r mut PageReader<'t>, &'r Item);

impl<'t> DeserializeSeed<'t> for ItemSeed<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        self.1.read(self.0, deserializer)
    }
}

/// A change of the first dialect.
struct Change<'r, 't>(&'r mut PageReader<'t>);

/// The members of a change.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum ChangeKey {
    ServerSeq,
    Resource,
    Id,
    Op,
    Record,
    #[serde(other)]
    Other,
}

impl<'t> Visitor<'t> for Change<'_, 't> {
    type Value = ChangeSpans;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a change")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<ChangeSpans, A::Error> {
        let reader = self.0;
        let (mut sequence, mut table, mut id, mut op, mut record) = (None, None, None, None, None);
        while let Some(key) = members.next_key()? {
            match key {
                ChangeKey::ServerSeq => sequence = Some(members.next_value::<Sequence>()?),
                ChangeKey::Resource => table = Some(reader.table(&members.next_value::<Text<'_>>()?.0)),
                ChangeKey::Id => id = Some(reader.id(members.next_value()?)?),
                ChangeKey::Op => op = Some(members.next_value::<Op>()?),
                ChangeKey::Record => record = members.next_value_seed(OptionalRecord(&mut *reader))?,
                ChangeKey::Other => {
                    members.next_value::<AnyJson>()?;
                }
            }
        }
        reader.saw(sequence.ok_or_else(|| A::Error::missing_field("serverSeq"))?);
        Ok(ChangeSpans {
            table: table.ok_or_else(|| A::Error::missing_field("resource"))?,
            op: op.ok_or_else(|| A::Error::missing_field("op"))?,
            id: Some(id.ok_or_else(|| A::Error::missing_field("id"))?),
            record,
        })
    }
}

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// A record, or `null`.
struct OptionalRecord<'r, 't>(&'r mut PageReader<'t>);

impl<'t> DeserializeSeed<'t> for OptionalRecord<'_, 't> {
    type Value = Option<(usize, usize)>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'t> Visitor<'t> for OptionalRecord<'_, 't> {
    type Value = Option<(usize, usize)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(Record(self.0)).map(Some)
    }
}

/// A record, whose members are kept.
struct Record<'r, 't>(&'r mut PageReader<'t>);

impl<'t> Visitor<'t> for Record<'_, 't> {
    type Value = (usize, usize);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(usize, usize), A::Error> {
        let reader = self.0;
        let first = reader.parts.members.len();
        while let Some((key, value)) = members.next_entry::<&RawValue, &RawValue>()? {
            let key = JsonText::new(key).map_err(A::Error::custom)?;
            let value = JsonText::new(value).map_err(A::Error::custom)?;
            let member = (reader.span(key.text())?, reader.span(value.text())?);
            reader.parts.members.push(member);
        }
        Ok((first, reader.parts.members.len()))
    }
}

/// `serverSeq`, which some servers write as a JSON number and others as a string.
enum Sequence {
    Number(u64),
    Cursor(Cursor),
}

impl<'de> Deserialize<'de> for Sequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SequenceVisitor)
    }
}

struct SequenceVisitor;

impl Visitor<'_> for SequenceVisitor {
    type Value = Sequence;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a serverSeq, a number or a base-10 integer string")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Sequence, E> {
        Ok(Sequence::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Sequence, E> {
        text.parse().map(Sequence::Cursor).map_err(E::custom)
    }
}
