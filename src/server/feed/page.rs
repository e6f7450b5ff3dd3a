//! A page of the change feed: whole steps, up to a number of steps and bytes.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::json::write_change;
use crate::mutation::canonical::write_string;
use crate::protocol::Cursor;
use crate::server::request::PullQuery;
use crate::server::store::{FeedItem, Result, Store, read};

/// Bytes of a page, at most, unless its first step alone has more. Clients refuse answers over 64 MiB
/// (contract 3.3); a larger page would not make a pull faster.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Bytes that are reserved for a page at first.
const FIRST_BYTES: usize = 64 * 1024;

/// Reads a page of the change feed, as the whole answer of a pull.
///
/// # Errors
/// A [`StoreError`](crate::server::store::StoreError) when the store cannot be read.
pub(in crate::server) async fn page(store: &Store, query: PullQuery) -> Result<Bytes> {
    match store {
        Store::Sqlite(store) => {
            let reading = move |reader: &crate::server::store::sqlite::SqliteReader| {
                let mut page = PageWriter::new(query);
                reader.changes(&query.feed, |item| page.add(&item))?;
                Ok(page.finish(reader.sequence()))
            };
            read(Arc::clone(store), reading).await
        }
        #[cfg(feature = "postgres")]
        Store::Postgres(store) => {
            let mut page = PageWriter::new(query);
            let sequence = store.changes(&query.feed, query.limit, |item| page.add(&item)).await?;
            Ok(page.finish(sequence))
        }
    }
}

/// Puts a page together, in the first dialect of contract 3.4.
#[derive(Debug)]
pub(super) struct PageWriter {
    query: PullQuery,
    out: Vec<u8>,
    /// Steps in the page.
    steps: u64,
    /// The last step in the page.
    last: Option<u64>,
    /// The last complete step, and where it ends.
    complete: Option<(u64, usize)>,
    /// Whether the limits ended the page, so that there are later changes.
    has_more: bool,
}

impl PageWriter {
    pub(super) fn new(query: PullQuery) -> Self {
        let mut out = Vec::with_capacity(FIRST_BYTES);
        out.extend_from_slice(br#"{"ok":true,"result":{"ok":true,"changes":["#);
        Self { query, out, steps: 0, last: None, complete: None, has_more: false }
    }

    /// Adds the next item of the feed. Breaks when the page is full.
    pub(super) fn add(&mut self, item: &FeedItem<'_>) -> ControlFlow<()> {
        if self.last != Some(item.step) {
            self.complete = self.last.map(|last| (last, self.out.len()));
            self.last = Some(item.step);
            self.steps += 1;
        }
        if self.out.last() == Some(&b'}') {
            self.out.push(b',');
        }
        write_change(&mut self.out, item);
        let is_full = self.steps > self.query.limit || self.out.len() > PAGE_BYTES;
        match self.complete {
            Some((last, end)) if is_full => {
                self.out.truncate(end);
                self.last = Some(last);
                self.has_more = true;
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Ends the page, which was read from a state with this last step.
    pub(super) fn finish(self, sequence: u64) -> Bytes {
        let Self { query, mut out, last, has_more, .. } = self;
        let next = last.filter(|_| has_more);
        out.extend_from_slice(br#"],"nextCursor":"#);
        match next {
            Some(next) => write_string(&mut out, Cursor::from(next).as_str()),
            None => out.extend_from_slice(b"null"),
        }
        if query.feed.own.is_some() {
            // The caller cannot tell from the changes how far the page goes, because some are left out.
            let reached = next.unwrap_or_else(|| sequence.max(query.feed.after));
            out.extend_from_slice(br#","reached":"#);
            write_string(&mut out, Cursor::from(reached).as_str());
        }
        out.extend_from_slice(b"}}");
        out.into()
    }
}
