//! The text of a clone: all records and join rows of some tables, and the cursor of each.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::json::write_with_key;
use crate::mutation::canonical::write_string;
use crate::protocol::Cursor;
use crate::server::store::FeedItem;

/// Bytes at which a chunk of the text is sent.
const CHUNK_BYTES: usize = 128 * 1024;

/// One member of `data` or `joins` in a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CloneTable {
    /// The name of a resource or join store.
    pub(super) name: String,
    pub(super) is_join_store: bool,
}

/// Writes the text of a clone, whose chunks the caller takes while it grows. Resources come before join
/// stores.
#[derive(Debug)]
pub(super) struct CloneText {
    out: BytesMut,
    /// The tables that are complete, with the last step that changed each.
    cursors: Vec<(String, u64)>,
    table: Option<CloneTable>,
    last_step: u64,
    has_joins: bool,
}

impl CloneText {
    pub(super) fn new() -> Self {
        let mut out = BytesMut::with_capacity(CHUNK_BYTES * 2);
        out.extend_from_slice(br#"{"ok":true,"result":{"ok":true,"data":{"#);
        Self { out, cursors: Vec::new(), table: None, last_step: 0, has_joins: false }
    }

    /// Begins a table; the one before is then complete.
    pub(super) fn begin(&mut self, table: CloneTable) {
        self.end_table();
        if table.is_join_store && !self.has_joins {
            self.begin_joins();
        } else if self.out.last() == Some(&b']') {
            self.out.put_u8(b',');
        }
        write_string(&mut self.out, &table.name);
        self.out.extend_from_slice(b":[");
        self.table = Some(table);
    }

    /// Adds an item of the table. Tombstones only move its cursor.
    pub(super) fn add(&mut self, item: &FeedItem<'_>) {
        self.last_step = self.last_step.max(item.step);
        let is_join_store = self.table.as_ref().is_some_and(|table| table.is_join_store);
        // A schema may have a resource with the name of a join store.
        let Some(document) = item.document.filter(|_| is_join_store != item.target.is_empty()) else {
            return;
        };
        if self.out.last() == Some(&b'}') {
            self.out.put_u8(b',');
        }
        write_with_key(&mut self.out, item, document);
    }

    /// The text since the last chunk, when it is long enough to be sent.
    pub(super) fn chunk(&mut self) -> Option<Bytes> {
        // The last byte stays, because what follows depends on it.
        if self.out.len() <= CHUNK_BYTES {
            return None;
        }
        let last = *self.out.last()?;
        self.out.truncate(self.out.len() - 1);
        let mut next = BytesMut::with_capacity(CHUNK_BYTES * 2);
        next.put_u8(last);
        Some(std::mem::replace(&mut self.out, next).freeze())
    }

    /// Ends the text and returns the rest of it. No cursor is before the horizon of forgotten deletes, so that
    /// none of them is refused.
    pub(super) fn finish(mut self, horizon: u64) -> Bytes {
        self.end_table();
        if !self.has_joins {
            self.begin_joins();
        }
        self.out.extend_from_slice(br#"},"cursors":{"#);
        for (index, (name, step)) in self.cursors.iter().enumerate() {
            if index > 0 {
                self.out.put_u8(b',');
            }
            write_string(&mut self.out, name);
            self.out.put_u8(b':');
            write_string(&mut self.out, Cursor::from(horizon.max(*step)).as_str());
        }
        self.out.extend_from_slice(b"}}}");
        self.out.freeze()
    }

    fn begin_joins(&mut self) {
        self.has_joins = true;
        self.out.extend_from_slice(br#"},"joins":{"#);
    }

    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.out.put_u8(b']');
            self.cursors.push((table.name, self.last_step));
            self.last_step = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn table(name: &str, is_join_store: bool) -> CloneTable {
        CloneTable { name: name.to_owned(), is_join_store }
    }

    #[test]
    fn a_clone_of_any_tables_in_any_chunks_is_one_document() {
        let long = format!("{{\"x\":\"{}\"}}", "y".repeat(CHUNK_BYTES));
        for rows in [0, 1, 5] {
            for tables in
                [vec![], vec![table("a", false)], vec![table("a", false), table("j", true), table("k", true)]]
            {
                let (mut text, mut all, mut chunks) = (CloneText::new(), Vec::new(), 0);
                for table in &tables {
                    text.begin(table.clone());
                    let target = if table.is_join_store { "t" } else { "" };
                    for step in 0..rows {
                        let document = (step != 3).then_some(long.as_str());
                        text.add(&FeedItem { step, name: &table.name, id: "i", target, document });
                        if let Some(chunk) = text.chunk() {
                            all.extend(chunk);
                            chunks += 1;
                        }
                    }
                }
                all.extend(text.finish(0));
                let all: Value = serde_json::from_slice(&all).unwrap();
                assert!(chunks >= tables.len() * usize::from(rows > 1));
                for table in tables {
                    let part = if table.is_join_store { "joins" } else { "data" };
                    let count = all["result"][part][&table.name].as_array().unwrap().len();
                    assert_eq!(count, usize::try_from(if rows > 3 { rows - 1 } else { rows }).unwrap());
                    let cursor = rows.saturating_sub(1).to_string();
                    assert_eq!(all["result"]["cursors"][&table.name], json!(cursor));
                }
            }
        }
    }
}
