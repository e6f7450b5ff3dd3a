//! A page of the change feed: whole steps, up to a number of steps and bytes.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::json::write_change;
use crate::mutation::canonical::write_string;
use crate::protocol::{Cursor, ErrorBody};
use crate::server::request::PullQuery;
use crate::server::store::sqlite::SqliteReader;
use crate::server::store::{FeedItem, Store, StoreError, read};

/// Bytes of a page, at most, unless its first step alone has more. Clients refuse answers over 64 MiB
/// (contract 3.3); a larger page would not make a pull faster.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Bytes that are reserved for a page at first.
const FIRST_BYTES: usize = 64 * 1024;

/// Why there is no page.
#[derive(Debug)]
pub(in crate::server) enum PageError {
    /// The store cannot be read.
    Store(StoreError),
    /// Deletes after the cursor have been forgotten.
    CursorExpired(ErrorBody),
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads a page of the change feed, as the whole answer of a pull.
///
/// # Errors
/// A [`PageError`] when the store cannot be read or has forgotten what the page needs.
pub(in crate::server) async fn page(store: &Store, query: PullQuery) -> Result<Bytes, PageError> {
    match store {
        Store::Sqlite(store) => {
            let reading = move |reader: &SqliteReader| {
                // From the same snapshot as the page.
                if let Err(expired) = query.check_horizon(reader.horizon()?) {
                    return Ok(Err(PageError::CursorExpired(expired)));
                }
                let mut page = PageWriter::new(query);
                reader.changes(&query.feed, |item| page.add(&item))?;
                Ok(Ok(page.finish(reader.sequence())))
            };
            read(Arc::clone(store), reading).await?
        }
        #[cfg(feature = "postgres")]
        Store::Postgres(store) => {
            let mut page = PageWriter::new(query);
            let end = store.changes(&query.feed, query.limit, |item| page.add(&item)).await?;
            query.check_horizon(end.horizon).map_err(PageError::CursorExpired)?;
            Ok(page.finish(end.sequence))
        }
    }
}

/// Puts a page together, in the first dialect of contract 3.4.
#[derive(Debug)]
pub(super) struct PageWriter {
    query: PullQuery,
    out: BytesMut,
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
        let mut out = BytesMut::with_capacity(FIRST_BYTES);
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
            self.out.put_u8(b',');
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
        if query.is_start() && next.is_some() {
            out.extend_from_slice(br#","startedAt":"#);
            write_string(&mut out, Cursor::from(sequence).as_str());
        }
        if query.feed.own.is_some() {
            // The caller cannot tell from the changes how far the page goes, because some are left out.
            let reached = next.unwrap_or_else(|| sequence.max(query.feed.after));
            out.extend_from_slice(br#","reached":"#);
            write_string(&mut out, Cursor::from(reached).as_str());
        }
        out.extend_from_slice(b"}}");
        out.freeze()
    }
}
