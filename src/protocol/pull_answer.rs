//! One page of changes, the answer to a pull in either dialect (contract 3.4). The page keeps the text of
//! the answer, and gives its changes in the order in which they are applied, with records that are still
//! JSON text. How they are found is in [`super::page_reader`]; how a page is applied is decided in
//! [`crate::offline`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cursor::Cursor;
use super::error::NeitherDialect;
use super::json_text::JsonText;
use super::page_reader::{ChangeSpans, MemberSpans, PageReader, Parts};
use super::pull::Op;
use super::raw_object::RawObject;

/// One page of changes.
///
/// ```
/// use synctool::protocol::{Op, PageEnd, PullAnswer};
///
/// let page = PullAnswer::read(
///     r#"{"changes": [{"serverSeq": 7, "resource": "todos", "id": "t1", "op": "upsert",
///         "record": {"title": "A"}}], "nextCursor": null}"#
///         .to_owned(),
/// )?;
/// let change = page.changes().next().unwrap();
/// assert_eq!((change.table, change.op, change.id().as_deref()), ("todos", Op::Upsert, Some("t1")));
/// assert_eq!(change.record.unwrap().get("title").unwrap().text(), "\"A\"");
/// assert!(page.end.is_last());
/// # Ok::<(), synctool::protocol::NeitherDialect>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PullAnswer {
    text: String,
    parts: Parts,
    /// Where the page ends.
    pub end: PageEnd,
}

/// Where a page ends.
#[derive(Debug, Clone, PartialEq)]
pub enum PageEnd {
    /// The first dialect: one feed of all tables.
    Feed {
        /// The cursor of the next page; `None` on the last page.
        next: Option<Cursor>,
        /// An extension: the last position that the page covers, which the server sends when it
        /// may have omitted changes ([`super::PullRequest::exclude_own_after`]).
        reached: Option<Cursor>,
        /// The highest `serverSeq` of its changes.
        last: Option<Cursor>,
        /// An extension: the sequence when this pull began at 0, if more pages follow. A server that
        /// forgets old deletes tells by it that the client has begun with nothing, whatever the cursor.
        started_at: Option<Cursor>,
    },
    /// The second dialect: changes table by table.
    Tables {
        /// The cursors after the page, by table.
        cursors: BTreeMap<String, Cursor>,
        /// Whether another page follows; a missing `hasMore` means no.
        has_more: bool,
    },
}

impl PageEnd {
    /// The global cursor after the page, where it moves it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::Feed { next, reached, last, .. } => next.as_ref().or(reached.as_ref()).or(last.as_ref()),
            Self::Tables { .. } => None,
        }
    }

    /// The sequence when this pull began at 0, where the server says it.
    #[must_use]
    pub fn started_at(&self) -> Option<&Cursor> {
        match self {
            Self::Feed { started_at, .. } => started_at.as_ref(),
            Self::Tables { .. } => None,
        }
    }

    /// Whether no page follows.
    #[must_use]
    pub fn is_last(&self) -> bool {
        match self {
            Self::Feed { next, .. } => next.is_none(),
            Self::Tables { has_more, .. } => !has_more,
        }
    }
}

/// The changes of a page, and where it ends, without the text that they are in.
pub struct PullParts {
    parts: Parts,
    end: PageEnd,
}

impl PullParts {
    /// Finds the parts of a page. `result` is the result inside the envelope, a part of `text`.
    ///
    /// # Errors
    /// [`NeitherDialect`] when the result has neither `changes` nor `records`, `deleted` or
    /// `cursors`, or when one of them has the wrong type.
    pub fn find<'t>(text: &'t str, result: &RawObject<'t>) -> Result<Self, NeitherDialect> {
        let mut reader = PageReader::new(text);
        if let Some(changes) = result.text("changes") {
            reader.read_feed(changes)?;
            let parts = reader.finish();
            let (next, reached) = (result.get("nextCursor")?, result.get("reached")?);
            let started_at = result.get("startedAt")?;
            let end = PageEnd::Feed { next, reached, last: parts.last.clone(), started_at };
            return Ok(Self { parts, end });
        }
        if !["records", "deleted", "cursors"].iter().any(|name| result.has(name)) {
            return Err(NeitherDialect::new("there is neither `changes` nor `records`"));
        }
        reader.read_tables(result)?;
        let cursors: Option<BTreeMap<String, Option<Cursor>>> = result.get("cursors")?;
        let cursors = cursors.into_iter().flatten();
        let cursors = cursors.filter_map(|(name, cursor)| Some((name, cursor?))).collect();
        let end = PageEnd::Tables { cursors, has_more: result.get("hasMore")?.unwrap_or(false) };
        Ok(Self { parts: reader.finish(), end })
    }

    /// The page, with the text in which the parts were found.
    #[must_use]
    pub fn in_text(self, text: String) -> PullAnswer {
        PullAnswer { text, parts: self.parts, end: self.end }
    }
}

impl PullAnswer {
    /// Reads the result inside the envelope.
    ///
    /// # Errors
    /// [`NeitherDialect`] when the text is no JSON object, and as [`PullParts::find`].
    pub fn read(text: String) -> Result<Self, NeitherDialect> {
        let result = RawObject::read(&text).map_err(|error| NeitherDialect::new(error.to_string()))?;
        Ok(PullParts::find(&text, &result)?.in_text(text))
    }

    /// The names of the tables that the page has changes of.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.parts.tables
    }

    /// The number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.changes.len()
    }

    /// Whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.changes.is_empty()
    }

    /// The size of the answer in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The changes, in the order in which they are applied.
    pub fn changes(&self) -> impl Iterator<Item = PulledChange<'_>> {
        self.parts.changes.iter().map(|spans| self.change(*spans))
    }

    fn change(&self, spans: ChangeSpans) -> PulledChange<'_> {
        let ChangeSpans { table, op, id, record } = spans;
        let record = record
            .map(|(first, end)| PulledRecord { text: &self.text, members: &self.parts.members[first..end] });
        PulledChange {
            table: &self.parts.tables[table],
            table_index: table,
            op,
            record,
            id: id.map(|id| JsonText::checked(id.in_text(&self.text))),
        }
    }
}

/// A change of a page.
#[derive(Debug, Clone, Copy)]
pub struct PulledChange<'p> {
    /// The name of the resource or join store.
    pub table: &'p str,
    /// The index of the name in [`PullAnswer::tables`].
    pub table_index: usize,
    /// Whether it was written or deleted.
    pub op: Op,
    /// The full state: the fields of a record, or `from`, `to` and the metadata of a join row.
    pub record: Option<PulledRecord<'p>>,
    id: Option<JsonText<'p>>,
}

impl<'p> PulledChange<'p> {
    /// The record's id, or `from:to` of a join row. Where the change names none, as in the second
    /// dialect, it is that in its record.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'p, str>> {
        self.id.or_else(|| self.record?.get("id"))?.as_str()
    }

    /// The ids of both ends of a join row, if its record names them.
    #[must_use]
    pub fn ends(&self) -> Option<[Cow<'p, str>; 2]> {
        let record = self.record?;
        let end = |name| record.get(name)?.as_str();
        Some([end("from")?, end("to")?])
    }
}

/// The record of a change, still JSON text.
#[derive(Debug, Clone, Copy)]
pub struct PulledRecord<'p> {
    text: &'p str,
    members: &'p [MemberSpans],
}

impl<'p> PulledRecord<'p> {
    /// Its members, key and value. A key may occur several times: the last one counts.
    pub fn members(self) -> impl Iterator<Item = (JsonText<'p>, JsonText<'p>)> {
        let part = move |span: super::page_reader::Span| JsonText::checked(span.in_text(self.text));
        self.members.iter().map(move |(key, value)| (part(*key), part(*value)))
    }

    /// The value of a member.
    #[must_use]
    pub fn get(self, name: &str) -> Option<JsonText<'p>> {
        let named = self.members().filter(|(key, _)| key.as_str().is_some_and(|key| key == name));
        named.last().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Result<PullAnswer, NeitherDialect> {
        PullAnswer::read(value.to_string())
    }

    /// Table, operation, id and record of every change.
    fn changes(page: &PullAnswer) -> Vec<(&str, Op, Option<String>, Option<Value>)> {
        let record = |record: PulledRecord<'_>| {
            let member = |(key, value): (JsonText<'_>, JsonText<'_>)| {
                (key.as_str().unwrap().into_owned(), value.to_value().unwrap())
            };
            Value::Object(record.members().map(member).collect())
        };
        page.changes()
            .map(|change| {
                (change.table, change.op, change.id().map(Cow::into_owned), change.record.map(record))
            })
            .collect()
    }

    #[test]
    fn reads_a_feed_with_sequences_of_both_kinds() {
        for (sequences, last) in [
            ([json!(7), json!(9)], 9),
            ([json!("7"), json!("9")], 9),
            ([json!(9), json!("7")], 9),
            ([json!("10"), json!(9)], 10),
        ] {
            let [first, second] = sequences;
            let page = read(&json!({"nextCursor": "11", "reached": "12", "startedAt": "8", "changes": [
                {"serverSeq": first, "resource": "todos", "id": "t\n1", "op": "delete", "more": [1]},
                {"record": {"a\"": 1, "b": {"c": [null]}}, "serverSeq": second, "resource": "tags", "id": "g",
                    "op": "upsert"}]}));
            let page = page.unwrap();
            let record = json!({"a\"": 1, "b": {"c": [null]}});
            assert_eq!(
                changes(&page),
                [
                    ("todos", Op::Delete, Some("t\n1".to_owned()), None),
                    ("tags", Op::Upsert, Some("g".to_owned()), Some(record))
                ]
            );
            let [next, reached, last] = [11, 12, last].map(|cursor| Some(Cursor::from(cursor)));
            let started_at = Some(Cursor::from(8));
            assert_eq!(page.end, PageEnd::Feed { next, reached, last, started_at });
            assert_eq!((page.tables(), page.len()), (&["todos".to_owned(), "tags".to_owned()][..], 2));
        }
    }

    #[test]
    fn reads_tables_with_missing_members_deletes_first() {
        let page = read(&json!({"deleted": {"todos": ["t1"], "a": []}, "cursors": {"todos": "3", "b": null},
            "records": {"todos": [{"id": "t2", "x": 1}], "tags": [{}]}}));
        let page = page.unwrap();
        assert_eq!(
            changes(&page),
            [
                ("tags", Op::Upsert, None, Some(json!({}))),
                ("todos", Op::Delete, Some("t1".to_owned()), None),
                ("todos", Op::Upsert, Some("t2".to_owned()), Some(json!({"id": "t2", "x": 1}))),
            ]
        );
        let cursors = BTreeMap::from([("todos".to_owned(), Cursor::from(3))]);
        assert_eq!(page.end, PageEnd::Tables { cursors, has_more: false });
        let page = read(&json!({"deleted": {"todos": ["t1"]}, "hasMore": true})).unwrap();
        assert_eq!((page.len(), page.end.is_last()), (1, false));
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let page = PullAnswer::read(
            r#"{"records": {"t": [{"id": "a", "x": 1, "\u0069d": "b", "x": 2}]}}"#.to_owned(),
        );
        let page = page.unwrap();
        let change = page.changes().next().unwrap();
        assert_eq!(change.id().as_deref(), Some("b"));
        assert_eq!(change.record.unwrap().get("x").unwrap().text(), "2");
    }

    #[test]
    fn a_join_row_has_the_ids_of_its_ends() {
        let page = read(&json!({"records": {"j": [{"from": "a", "to": "b:\"c"}, {"from": "a", "to": 7}]}}));
        let page = page.unwrap();
        let ends: Vec<_> = page.changes().map(|change| change.ends()).collect();
        assert_eq!(ends, [Some(["a".into(), "b:\"c".into()]), None]);
    }

    #[test]
    fn rejects_missing_members_and_members_of_the_wrong_type() {
        let change = |extra: &str| format!(r#"{{"changes": [{{"resource": "t", "op": "upsert"{extra}}}]}}"#);
        let (sequence, id) = (r#", "serverSeq": 1"#, r#", "id": "a""#);
        assert!(PullAnswer::read(change(&format!("{sequence}{id}"))).is_ok());
        for answer in [
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"changes": null}"#.to_owned(),
            r#"{"changes": {}}"#.to_owned(),
            r#"{"changes": ["x"]}"#.to_owned(),
            r#"{"changes": [], "nextCursor": 9}"#.to_owned(),
            r#"{"changes": [], "nextCursor": "-9"}"#.to_owned(),
            r#"{"records": []}"#.to_owned(),
            r#"{"records": {"todos": [1]}}"#.to_owned(),
            r#"{"records": {"todos": [{"id": "\ud800"}]}}"#.to_owned(),
            r#"{"deleted": {"todos": [1]}}"#.to_owned(),
            r#"{"cursors": {"todos": "x"}}"#.to_owned(),
            r#"{"records": {}, "hasMore": "yes"}"#.to_owned(),
            change(id),
            change(sequence),
            change(&format!("{id}, \"serverSeq\": -1")),
            change(&format!("{id}, \"serverSeq\": \"x\"")),
            change(&format!("{sequence}, \"id\": 7")),
            change(&format!("{sequence}, \"id\": \"\\udc00\"")),
            change(&format!("{sequence}{id}, \"op\": \"drop\"")),
            change(&format!("{sequence}{id}, \"record\": [1]")),
            change(&format!("{sequence}{id}, \"record\": {{\"x\": 1e999}}")),
            change(&format!("{sequence}{id}, \"record\": {{\"x\": [\"\\ud800\"]}}")),
            change(&format!("{sequence}{id}, \"record\": {{\"\\ud800\": 1}}")),
            change(&format!("{sequence}{id}, \"more\": 1e999")),
        ] {
            assert!(PullAnswer::read(answer.clone()).is_err(), "{answer}");
        }
    }
}
