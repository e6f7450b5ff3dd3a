//! The second phase of the sort: a k-way merge of all runs with a heap, which reads each run
//! through a block in memory. Making the runs is the job of [`super::sorter`].

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;

use bytes::BytesMut;

use super::block::Block;
use super::sorter::{HEADER_BYTES, Sorter, lengths};
use crate::mutation::byte_order::prefix;

/// Memory for the blocks of all runs, in bytes. With 12 GiB of rows or more every run has the smallest
/// block, and the memory is a three-thousandth of the size of the rows.
const MERGE_BYTES: usize = 4 * 1024 * 1024;

/// The largest block of a run, where there are few runs.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// The smallest block of a run, however many runs there are.
const MIN_BLOCK_BYTES: usize = 1024;

/// Calls `consume` for each row of all sorters, by id in byte order; rows of the same id come in
/// any order.
///
/// # Errors
/// What `consume` returns; an [`io::Error`] when a file cannot be written or read.
pub(crate) fn merge<E: From<io::Error>>(
    mut sorters: Vec<Sorter>,
    mut consume: impl FnMut(SortedRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    sorters.iter_mut().try_for_each(Sorter::finish)?;
    let count: usize = sorters.iter().map(|sorter| sorter.runs().len()).sum();
    let block = (MERGE_BYTES / count.max(1)).clamp(MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
    let mut heads = BinaryHeap::with_capacity(count);
    for sorter in &sorters {
        for run in sorter.runs() {
            let mut head = RunHead::new(Block::new(sorter.section(run), block));
            if head.advance()? {
                heads.push(head);
            }
        }
    }
    while let Some(mut head) = heads.peek_mut() {
        let RunReader { id, unread, block } = &mut *head.run;
        consume(SortedRow { id, unread, block })?;
        if !head.advance()? {
            PeekMut::pop(head);
        }
    }
    Ok(())
}

/// The next row in the order of the ids.
pub(crate) struct SortedRow<'a> {
    /// The row's id.
    pub(crate) id: &'a str,
    unread: &'a mut usize,
    block: &'a mut Block,
}

impl SortedRow<'_> {
    /// Appends the row's content. Content that is not asked for is skipped.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be read.
    pub(crate) fn write_content(self, out: &mut BytesMut) -> io::Result<()> {
        let unread = std::mem::take(self.unread);
        self.block.append(out, unread)
    }
}

/// An entry of the heap: a run, by its next row.
struct RunHead {
    /// The first bytes of the row's id.
    prefix: u64,
    /// Boxed, so that the heap moves few bytes.
    run: Box<RunReader>,
}

/// A run from its next row on.
struct RunReader {
    /// The id of the next row.
    id: String,
    /// The number of bytes of the row's content that have not been read.
    unread: usize,
    block: Block,
}

impl RunHead {
    fn new(block: Block) -> Self {
        Self { prefix: 0, run: Box::new(RunReader { id: String::new(), unread: 0, block }) }
    }

    /// Moves to the next row; returns whether the run has one.
    fn advance(&mut self) -> io::Result<bool> {
        let has_row = self.run.advance()?;
        self.prefix = prefix(self.run.id.as_bytes(), &(0..self.run.id.len()));
        Ok(has_row)
    }
}

impl RunReader {
    fn advance(&mut self) -> io::Result<bool> {
        self.block.skip(std::mem::take(&mut self.unread))?;
        if self.block.is_at_end() {
            return Ok(false);
        }
        let (id_length, content_length) = lengths(self.block.take(HEADER_BYTES)?)?;
        let id = std::str::from_utf8(self.block.take(id_length)?).map_err(io::Error::other)?;
        id.clone_into(&mut self.id);
        self.unread = content_length;
        Ok(true)
    }
}

/// Reversed, because `BinaryHeap` is a max-heap and the smallest id comes first.
impl Ord for RunHead {
    fn cmp(&self, other: &Self) -> Ordering {
        other.prefix.cmp(&self.prefix).then_with(|| other.run.id.cmp(&self.run.id))
    }
}

impl PartialOrd for RunHead {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RunHead {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RunHead {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sorter::RUN_BYTES;
    use super::*;

    /// Gives the rows to the sorters in turn, and merges them; reads the content only of rows
    /// for which `is_read` says so.
    fn sorted(
        rows: &[(String, Vec<u8>)],
        sorters: usize,
        is_read: impl Fn(usize) -> bool,
    ) -> Vec<(String, Vec<u8>)> {
        let folders = [std::env::temp_dir()];
        let mut sorters: Vec<_> = (0..sorters).map(|_| Sorter::new(&folders).unwrap()).collect();
        let count = sorters.len();
        for (index, (id, content)) in rows.iter().enumerate() {
            let write = |out: &mut BytesMut| {
                out.extend_from_slice(content);
                Ok::<_, io::Error>(())
            };
            sorters[index % count].add(id, write).unwrap();
        }
        let mut read = Vec::new();
        merge(sorters, |row| {
            let (id, mut out) = (row.id.to_owned(), BytesMut::new());
            if is_read(read.len()) {
                row.write_content(&mut out)?;
            }
            read.push((id, out.into()));
            Ok::<_, io::Error>(())
        })
        .unwrap();
        read
    }

    #[test]
    fn merges_many_runs_whether_or_not_their_content_is_read() {
        // Of about 60 KiB; every fiftieth is larger than a block, and one larger than a run.
        let length = |number: usize| match number {
            123 => 2 * RUN_BYTES,
            _ if number.is_multiple_of(50) => 5 * MAX_BLOCK_BYTES,
            _ => 60_000 + number,
        };
        let rows: Vec<_> = (0..600_usize)
            .map(|number| {
                (format!("{:03}", number * 7919 % 1000), vec![number.to_le_bytes()[0]; length(number)])
            })
            .collect();
        let mut expected = rows.clone();
        expected.sort();
        assert_eq!(sorted(&rows, 2, |_| true), expected);
        for (index, (_, content)) in expected.iter_mut().enumerate() {
            if index % 3 > 0 {
                content.clear();
            }
        }
        assert_eq!(sorted(&rows, 1, |index| index % 3 == 0), expected);
    }

    #[test]
    fn rows_that_were_spilled_in_order_come_back_in_order() {
        // Rows 0 to 2999 for two sorters in turn, and rows 1000 to 1009 once more.
        let row = |id: usize| (format!("{id:06}"), vec![id.to_le_bytes()[0]; 1000]);
        let mut expected: Vec<_> = (0..3000).chain(1000..1010).map(row).collect();
        let read = sorted(&expected, 2, |_| true);
        expected.sort();
        assert_eq!(read, expected);
    }

    proptest! {
        #[test]
        fn ids_come_in_byte_order(
            ids in prop::collection::hash_set("(one-beginning-)?.{0,12}", 0..80),
            sorters in 1..4_usize,
        ) {
            let rows: Vec<_> = ids.into_iter().map(|id| (id.clone(), id.into_bytes())).collect();
            let mut expected = rows.clone();
            expected.sort();
            prop_assert_eq!(sorted(&rows, sorters, |_| true), expected);
        }
    }
}
