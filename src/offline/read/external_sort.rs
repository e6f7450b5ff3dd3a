//! Rows sorted by id, on the disk where they are many: runs of rows that fit into memory are
//! sorted there and written to a file, and then read side by side. It knows nothing of what
//! the rows are.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::PathBuf;

use crate::offline::error::OfflineError;

/// How much is sorted in memory at a time, by each thread.
const RUN_BYTES: usize = 4 * 1024 * 1024;

/// Room for a run, and the row that makes it full.
const BUFFER_BYTES: usize = RUN_BYTES / 8 * 9;

/// How much of all runs is in memory when they are read, and how much of each at the most and
/// at the least: behind 16 GiB of JSON memory grows, by a four-thousandth of it.
const MERGE_BYTES: usize = 4 * 1024 * 1024;
const MAX_BLOCK_BYTES: usize = 64 * 1024;
const MIN_BLOCK_BYTES: usize = 1024;

/// A number in a row's head.
const NUMBER_BYTES: usize = size_of::<u64>();

/// A row's head: how long its id is, and how long the content behind it.
const HEAD_BYTES: usize = 2 * NUMBER_BYTES;

/// Takes in rows in any order.
#[derive(Debug)]
pub(crate) struct Runs {
    file: File,
    /// Where the runs lie in the file.
    written: Vec<Range<u64>>,
    /// The rows of the run that is being made, as they will be in the file but for their order.
    buffer: Vec<u8>,
    rows: Vec<Row>,
}

/// Where a row lies in the buffer.
#[derive(Debug)]
struct Row {
    /// The first bytes of its id, which tell most rows apart without a look at the buffer.
    prefix: u64,
    range: Range<usize>,
    /// Where its id ends.
    id_end: usize,
}

impl Runs {
    /// What does not fit into memory goes into a file without a name.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when there can be none.
    pub(crate) fn new() -> Result<Self, OfflineError> {
        Ok(Self::in_file(temporary_file().map_err(failed)?))
    }

    fn in_file(file: File) -> Self {
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Self { file, written: Vec::new(), buffer, rows: Vec::new() }
    }

    /// Adds a row, whose content `write` appends.
    ///
    /// # Errors
    /// What `write` returns; [`OfflineError::Storage`] when the file cannot be written.
    pub(crate) fn add(
        &mut self,
        id: &str,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEAD_BYTES]);
        self.buffer.extend_from_slice(id.as_bytes());
        let id_end = self.buffer.len();
        write(&mut self.buffer)?;
        let end = self.buffer.len();
        let (head, _) = self.buffer[start..].as_chunks_mut::<NUMBER_BYTES>();
        head[0] = (id.len() as u64).to_le_bytes();
        head[1] = ((end - id_end) as u64).to_le_bytes();
        self.rows.push(Row { prefix: prefix(id.as_bytes()), range: start..end, id_end });
        if end + self.rows.len() * size_of::<Row>() >= RUN_BYTES {
            self.end_run().map_err(failed)?;
        }
        Ok(())
    }

    /// Writes what is in memory as a run.
    fn end_run(&mut self) -> io::Result<()> {
        let Self { file, written, buffer, rows } = self;
        let id = |row: &Row| &buffer[row.range.start + HEAD_BYTES..row.id_end];
        rows.sort_unstable_by(|one, other| {
            one.prefix.cmp(&other.prefix).then_with(|| id(one).cmp(id(other)))
        });
        let mut out = BufWriter::with_capacity(MAX_BLOCK_BYTES, file);
        for row in &*rows {
            out.write_all(&buffer[row.range.clone()])?;
        }
        out.flush()?;
        let start = written.last().map_or(0, |last| last.end);
        written.push(start..start + buffer.len() as u64);
        rows.clear();
        buffer.clear();
        // A single row can have made it much larger.
        buffer.shrink_to(BUFFER_BYTES);
        Ok(())
    }

    /// Ends the last run; nothing is in memory any more.
    fn end(&mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.end_run()?;
        }
        (self.buffer, self.rows) = (Vec::new(), Vec::new());
        Ok(())
    }
}

/// A file in the first folder that there can be one in, in the order in which SQLite looks for
/// its own: a large file belongs on a disk, which a folder for small ones need not be.
fn temporary_file() -> io::Result<File> {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let usual = [PathBuf::from("/var/tmp"), std::env::temp_dir(), PathBuf::from(".")];
    let mut file = Err(io::ErrorKind::NotFound.into());
    for folder in named.chain(usual) {
        file = tempfile::tempfile_in(folder);
        if file.is_ok() {
            break;
        }
    }
    file
}

#[expect(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
fn failed(error: io::Error) -> OfflineError {
    OfflineError::storage(format!(
        "cannot sort in a temporary file, in /var/tmp or where TMPDIR says: {error}"
    ))
}

/// The first eight bytes of an id, which compare as they do.
fn prefix(id: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = id.len().min(bytes.len());
    bytes[..length].copy_from_slice(&id[..length]);
    u64::from_be_bytes(bytes)
}

/// Calls `consume` for each row of all runs, by id in byte order.
///
/// # Errors
/// What `consume` returns; [`OfflineError::Storage`] when a file cannot be written or read.
pub(crate) fn merge(
    mut all: Vec<Runs>,
    mut consume: impl FnMut(SortedRow<'_>) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    all.iter_mut().try_for_each(Runs::end).map_err(failed)?;
    let count: usize = all.iter().map(|runs| runs.written.len()).sum();
    let block = (MERGE_BYTES / count.max(1)).clamp(MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
    let mut heads = BinaryHeap::with_capacity(count);
    for runs in &all {
        for Range { start, end } in runs.written.iter().cloned() {
            let section = Section { file: &runs.file, at: start, end };
            let run = BufReader::with_capacity(block, section);
            let mut head = Head { prefix: 0, next: Box::new(Next { id: String::new(), unread: 0, run }) };
            if head.advance().map_err(failed)? {
                heads.push(head);
            }
        }
    }
    while let Some(mut head) = heads.peek_mut() {
        let Next { id, unread, run } = &mut *head.next;
        consume(SortedRow { id, unread, run })?;
        if !head.advance().map_err(failed)? {
            PeekMut::pop(head);
        }
    }
    Ok(())
}

/// A row whose turn it is.
pub struct SortedRow<'a> {
    /// Its id.
    pub id: &'a str,
    unread: &'a mut usize,
    run: &'a mut dyn Read,
}

impl SortedRow<'_> {
    /// Appends what was added with the id.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn write_content(self, out: &mut Vec<u8>) -> Result<(), OfflineError> {
        let start = out.len();
        out.resize(start + std::mem::take(self.unread), 0);
        self.run.read_exact(&mut out[start..]).map_err(failed)
    }
}

/// A run from its next row on, as it lies in the heap.
struct Head<'a> {
    /// Of the row's id.
    prefix: u64,
    next: Box<Next<'a>>,
}

/// The next row of a run, and what comes behind it.
struct Next<'a> {
    id: String,
    /// How much of the row's content has not been read.
    unread: usize,
    run: BufReader<Section<'a>>,
}

impl Head<'_> {
    /// Goes on to the next row; returns whether there is one.
    fn advance(&mut self) -> io::Result<bool> {
        let is_there = self.next.advance()?;
        self.prefix = prefix(self.next.id.as_bytes());
        Ok(is_there)
    }
}

impl Next<'_> {
    fn advance(&mut self) -> io::Result<bool> {
        if self.unread > 0 {
            io::copy(&mut self.run.by_ref().take(self.unread as u64), &mut io::sink())?;
        }
        if self.run.buffer().is_empty() && self.run.get_ref().is_at_end() {
            return Ok(false);
        }
        let id_length = self.number()?;
        self.unread = self.number()?;
        let mut id = std::mem::take(&mut self.id).into_bytes();
        id.resize(id_length, 0);
        self.run.read_exact(&mut id)?;
        self.id = String::from_utf8(id).map_err(io::Error::other)?;
        Ok(true)
    }

    fn number(&mut self) -> io::Result<usize> {
        let mut bytes = [0; NUMBER_BYTES];
        self.run.read_exact(&mut bytes)?;
        // It was one when it was written.
        Ok(usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX))
    }
}

/// The smallest id is the greatest: of a heap, that is what one sees.
impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.prefix.cmp(&self.prefix).then_with(|| other.next.id.cmp(&self.next.id))
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}

/// A part of a file, from the first byte that has not been read.
struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Section<'_> {
    fn is_at_end(&self) -> bool {
        self.at == self.end
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let size = self.file.take(self.end - self.at).read(buffer)?;
        self.at += size as u64;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sorts rows that were given to so many sorters in turn, and reads them again; content only
    /// where `is_read` says so.
    fn sorted(
        rows: &[(String, Vec<u8>)],
        sorters: usize,
        is_read: impl Fn(usize) -> bool,
    ) -> Vec<(String, Vec<u8>)> {
        let mut all: Vec<_> = (0..sorters).map(|_| Runs::new().unwrap()).collect();
        for (index, (id, content)) in rows.iter().enumerate() {
            let write = |out: &mut Vec<u8>| {
                out.extend_from_slice(content);
                Ok(())
            };
            all[index % sorters].add(id, write).unwrap();
        }
        let mut read = Vec::new();
        merge(all, |row| {
            let (id, mut out) = (row.id.to_owned(), Vec::new());
            if is_read(read.len()) {
                row.write_content(&mut out)?;
            }
            read.push((id, out));
            Ok(())
        })
        .unwrap();
        read
    }

    #[test]
    fn many_runs_come_back_as_one_whatever_is_read_of_them() {
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
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let mut runs = Runs::in_file(File::open(folder.path().join("file")).unwrap());
        let fill = |out: &mut Vec<u8>| {
            out.resize(out.len() + RUN_BYTES, 0);
            Ok(())
        };
        let error = runs.add("a", fill).unwrap_err();
        assert!(error.to_string().contains("TMPDIR"), "{error}");
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
