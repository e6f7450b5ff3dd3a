//! The first phase of the sort: collects rows, sorts them in memory and spills them as runs to a
//! temporary file. Reading the runs back is the job of [`super::merge`] and [`super::ordered`].

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::BytesMut;

use super::block::FileSection;
use crate::mutation::byte_order::prefix;
use crate::offline::read::temporary_file::temporary_file_in;

/// How many bytes of rows a sorter collects before it sorts them and spills them as a run.
pub(super) const RUN_BYTES: usize = 3 * 1024 * 1024;

/// The same as long as rows come in order: then all of them are one run, and need less memory.
const ORDERED_RUN_BYTES: usize = 512 * 1024;

/// The size of a number in a row's header.
const NUMBER_BYTES: usize = size_of::<u64>();

/// The size of a row's header: the length of its id, and the length of its content.
pub(super) const HEADER_BYTES: usize = 2 * NUMBER_BYTES;

/// Takes rows in any order, and keeps them as sorted runs in a temporary file.
#[derive(Debug)]
pub(crate) struct Sorter {
    file: Arc<File>,
    /// The runs in the file, in the order in which they were written.
    runs: Vec<Run>,
    /// The rows of the run that is being collected, in the format of the file: header, id,
    /// content.
    buffer: BytesMut,
    rows: Vec<BufferedRow>,
    /// How many bytes are collected.
    run_bytes: usize,
}

/// Rows in the file, in the order of their ids.
#[derive(Debug)]
pub(super) struct Run {
    /// The run's place in the file.
    pub(super) range: Range<u64>,
    pub(super) first_id: Vec<u8>,
    pub(super) last_id: Vec<u8>,
    /// Whether each id is greater than the one before it: none occurs twice.
    pub(super) has_unique_ids: bool,
}

/// A row in the buffer.
#[derive(Debug)]
struct BufferedRow {
    /// The first bytes of its id: most comparisons need no access to the buffer.
    prefix: u64,
    range: Range<usize>,
    /// The end of its id in the buffer.
    id_end: usize,
}

impl Sorter {
    /// A sorter without rows, with a file in the first of the `folders` that can have one. The
    /// file has no name, so nothing of it stays when the process ends.
    ///
    /// # Errors
    /// The error of the last folder when none of them can have a file.
    pub(crate) fn new(folders: &[impl AsRef<Path>]) -> io::Result<Self> {
        temporary_file_in(folders).map(Self::in_file)
    }

    pub(super) fn in_file(file: File) -> Self {
        let (runs, rows, run_bytes) = (Vec::new(), Vec::new(), ORDERED_RUN_BYTES);
        let buffer = BytesMut::with_capacity(capacity(run_bytes));
        Self { file: Arc::new(file), runs, buffer, rows, run_bytes }
    }

    /// Adds a row; `write` appends its content to the buffer that it gets, and must not change
    /// what is there already. After an error the sorter cannot be used any more.
    ///
    /// # Errors
    /// What `write` returns; an [`io::Error`] when the file cannot be written.
    pub(crate) fn add<E: From<io::Error>>(
        &mut self,
        id: &str,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEADER_BYTES]);
        self.buffer.extend_from_slice(id.as_bytes());
        let id_end = self.buffer.len();
        write(&mut self.buffer)?;
        let end = self.buffer.len();
        let (header, _) = self.buffer[start..].as_chunks_mut::<NUMBER_BYTES>();
        header[0] = (id.len() as u64).to_le_bytes();
        header[1] = ((end - id_end) as u64).to_le_bytes();
        self.rows.push(BufferedRow {
            prefix: prefix(id.as_bytes(), &(0..id.len())),
            range: start..end,
            id_end,
        });
        if end + self.rows.len() * size_of::<BufferedRow>() >= self.run_bytes {
            self.spill()?;
        }
        Ok(())
    }

    /// Sorts the rows in memory, and writes them to the file as a run, or as the rest of the last run.
    fn spill(&mut self) -> io::Result<()> {
        let Self { file, runs, buffer, rows, run_bytes } = self;
        let id = |row: &BufferedRow| &buffer[row.range.start + HEADER_BYTES..row.id_end];
        let order = |one: &BufferedRow, other: &BufferedRow| {
            one.prefix.cmp(&other.prefix).then_with(|| id(one).cmp(id(other)))
        };
        let has_unique_ids = |rows: &[BufferedRow]| rows.is_sorted_by(|one, next| order(one, next).is_lt());
        // The rows are written from where they are.
        let is_in_order = has_unique_ids(rows);
        let mut slices = if is_in_order {
            vec![IoSlice::new(buffer)]
        } else {
            rows.sort_unstable_by(order);
            rows.iter().map(|row| IoSlice::new(&buffer[row.range.clone()])).collect()
        };
        let mut unwritten = slices.as_mut_slice();
        while !unwritten.is_empty() {
            match file.as_ref().write_vectored(unwritten) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut unwritten, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let [first_id, last_id] = [rows.first(), rows.last()].map(|row| row.map(id).unwrap_or_default());
        let has_unique_ids = is_in_order || has_unique_ids(rows);
        let size = buffer.len() as u64;
        match runs.last_mut() {
            Some(run) if run.last_id.as_slice() <= first_id => {
                run.range.end += size;
                run.has_unique_ids &= has_unique_ids && run.last_id.as_slice() < first_id;
                last_id.clone_into(&mut run.last_id);
            }
            last => {
                let start = last.map_or(0, |run| run.range.end);
                if start > 0 {
                    *run_bytes = RUN_BYTES;
                }
                let (first_id, last_id) = (first_id.to_owned(), last_id.to_owned());
                runs.push(Run { range: start..start + size, first_id, last_id, has_unique_ids });
            }
        }
        rows.clear();
        buffer.clear();
        // A single large row can have made the buffer much larger; one that grows takes up to twice the space.
        if buffer.capacity() != capacity(*run_bytes) {
            *buffer = BytesMut::new();
            *buffer = BytesMut::with_capacity(capacity(*run_bytes));
        }
        Ok(())
    }

    /// Spills the last run, and frees the memory.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be written.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.spill()?;
        }
        (self.buffer, self.rows) = (BytesMut::new(), Vec::new());
        Ok(())
    }

    /// The size of all rows, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.runs.last().map_or(0, |last| last.range.end) + self.buffer.len() as u64
    }

    /// The runs in the file, after [`Self::finish`].
    pub(super) fn runs(&self) -> &[Run] {
        debug_assert!(self.rows.is_empty(), "all rows are in the file");
        &self.runs
    }

    /// The rows of a run.
    pub(super) fn section(&self, run: &Run) -> FileSection {
        FileSection { file: Arc::clone(&self.file), position: run.range.start, end: run.range.end }
    }
}

/// The row that begins at `start`, if all of it is there: its id, and the range of its content.
///
/// # Errors
/// An [`io::Error`] when the bytes are no rows.
pub(super) fn row_at(bytes: &[u8], start: usize) -> io::Result<Option<(&str, Range<usize>)>> {
    let id_start = start + HEADER_BYTES;
    let Some(header) = bytes.get(start..id_start) else { return Ok(None) };
    let (id_length, content_length) = lengths(header)?;
    let content = id_start.saturating_add(id_length);
    let content = content..content.saturating_add(content_length);
    if content.end > bytes.len() {
        return Ok(None);
    }
    let id = std::str::from_utf8(&bytes[id_start..content.start]).map_err(io::Error::other)?;
    Ok(Some((id, content)))
}

/// The lengths of a row's id and content, from its header.
///
/// # Errors
/// An [`io::Error`] when there is no memory of that size.
pub(super) fn lengths(header: &[u8]) -> io::Result<(usize, usize)> {
    let (numbers, _) = header.as_chunks();
    let length = |index: usize| usize::try_from(u64::from_le_bytes(numbers[index])).map_err(io::Error::other);
    Ok((length(0)?, length(1)?))
}

/// The capacity of the buffer: a run, and the row that makes it full.
fn capacity(run_bytes: usize) -> usize {
    run_bytes / 8 * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let mut sorter = Sorter::in_file(File::open(folder.path().join("file")).unwrap());
        let fill = |out: &mut BytesMut| {
            out.resize(out.len() + RUN_BYTES, 0);
            Ok(())
        };
        let error: io::Error = sorter.add("a", fill).unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }

    #[test]
    fn rows_that_come_in_order_are_one_run() {
        let mut sorter = Sorter::new(&[std::env::temp_dir()]).unwrap();
        let mut add = |ids: std::ops::Range<usize>| {
            for id in ids {
                let content = |out: &mut BytesMut| {
                    out.extend_from_slice(&[b'x'; 1000]);
                    Ok::<_, io::Error>(())
                };
                sorter.add(&format!("{id:06}"), content).unwrap();
            }
            sorter.finish().unwrap();
            (sorter.runs().len(), sorter.bytes())
        };
        let row = (HEADER_BYTES + 6 + 1000) as u64;
        assert_eq!(add(1000..3000), (1, 2000 * row));
        assert_eq!(add(3000..3001), (1, 2001 * row));
        assert_eq!(add(0..10), (2, 2011 * row));
        assert_eq!(add(11..12), (2, 2012 * row));
    }

    #[test]
    fn the_first_folder_that_can_have_a_file_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(Sorter::new(&[missing.as_path(), folder.path()]).is_ok());
        assert_eq!(Sorter::new(&[missing]).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(Sorter::new(&[] as &[&Path]).is_err());
    }

    #[test]
    fn the_error_of_the_caller_is_returned() {
        #[derive(Debug)]
        enum Failure {
            Sort,
            Content(u8),
        }
        impl From<io::Error> for Failure {
            fn from(_: io::Error) -> Self {
                Self::Sort
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(&[folder.path()]).unwrap();
        let failure = sorter.add("a", |_| Err(Failure::Content(7))).unwrap_err();
        assert!(matches!(failure, Failure::Content(7)), "{failure:?}");
        let mut sorter = Sorter::in_file(File::open(std::env::current_exe().unwrap()).unwrap());
        let fill = |out: &mut BytesMut| {
            out.resize(out.len() + RUN_BYTES, 0);
            Ok(())
        };
        let failure = sorter.add("a", fill).unwrap_err();
        assert!(matches!(failure, Failure::Sort), "{failure:?}");
    }
}
