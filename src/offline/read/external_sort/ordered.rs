//! Rows that are in the order of their ids in the files already: nothing has to be merged, and they are read a
//! block at a time, in which they stay where they are.

use std::io;
use std::ops::Range;

use bytes::BytesMut;

use super::block::FileSection;
use super::sorter::{Sorter, row_at};

/// The rows of all sorters, in the order of their ids.
#[derive(Debug)]
pub(crate) struct OrderedRows {
    /// What has not been read, the next section last.
    sections: Vec<FileSection>,
    /// The beginning of a row whose end has not been read.
    cut: Vec<u8>,
}

impl OrderedRows {
    /// The rows of sorters that are finished. `None` where they have to be merged, or an id occurs twice.
    pub(crate) fn of<'s>(sorters: impl Iterator<Item = &'s Sorter>) -> Option<Self> {
        let runs = sorters.flat_map(|sorter| sorter.runs().iter().map(move |run| (run, sorter)));
        let mut runs: Vec<_> = runs.collect();
        runs.sort_unstable_by_key(|(run, _)| &run.first_id);
        let is_in_order = runs.iter().all(|(run, _)| run.has_unique_ids)
            && runs.is_sorted_by(|(one, _), (next, _)| one.last_id < next.first_id);
        let sections = runs.iter().rev().map(|(run, sorter)| sorter.section(run));
        is_in_order.then(|| Self { sections: sections.collect(), cut: Vec::new() })
    }

    /// Fills the block with the next rows, and calls `row` for each with its id and the place of its content.
    /// The block grows where a row is longer. Returns `false` after the last row.
    ///
    /// # Errors
    /// An [`io::Error`] when a file cannot be read.
    pub(crate) fn read(
        &mut self,
        block: &mut BytesMut,
        mut row: impl FnMut(&str, Range<usize>),
    ) -> io::Result<bool> {
        let Some(section) = self.sections.last_mut() else { return Ok(false) };
        let mut filled = self.cut.len();
        block.resize(block.len().max(2 * filled), 0);
        block[..filled].copy_from_slice(&self.cut);
        let mut end = 0;
        while end == 0 {
            filled += section.fill(&mut block[filled..])?;
            while let Some((id, content)) = row_at(&block[..filled], end)? {
                end = content.end;
                row(id, content);
            }
            match end {
                0 if section.is_at_end() => return Err(io::ErrorKind::UnexpectedEof.into()),
                0 => block.resize(2 * block.len().max(1), 0),
                _ => {}
            }
        }
        self.cut.clear();
        self.cut.extend_from_slice(&block[end..filled]);
        if section.is_at_end() && self.cut.is_empty() {
            self.sections.pop();
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use proptest::prelude::*;

    use super::super::merge;
    use super::*;

    /// The content of a row: of one in ten it is longer than most blocks of these tests.
    fn content(id: &str) -> Vec<u8> {
        let length = if id.ends_with('7') { 300 } else { id.len() };
        vec![b'x'; length]
    }

    /// Writes rows of these ids to the file of a sorter.
    fn write(sorter: &mut Sorter, ids: &[String]) {
        for id in ids {
            let write = |out: &mut BytesMut| {
                out.extend_from_slice(&content(id));
                Ok::<_, io::Error>(())
            };
            sorter.add(id, write).unwrap();
        }
        sorter.finish().unwrap();
    }

    /// A sorter with the rows of these parts, one after the other.
    fn sorter(parts: &[&[String]]) -> Sorter {
        let mut sorter = Sorter::new(&[std::env::temp_dir()]).unwrap();
        for ids in parts {
            write(&mut sorter, ids);
        }
        sorter
    }

    /// The rows, read a block at a time.
    fn read(mut rows: OrderedRows, block: usize) -> io::Result<Vec<(String, Vec<u8>)>> {
        let (mut block, mut read) = (BytesMut::zeroed(block), Vec::new());
        loop {
            let mut places = Vec::new();
            let is_filled = rows.read(&mut block, |id, content| places.push((id.to_owned(), content)))?;
            assert_eq!(is_filled, !places.is_empty());
            if !is_filled {
                return Ok(read);
            }
            read.extend(places.into_iter().map(|(id, content)| (id, block[content].to_vec())));
        }
    }

    proptest! {
        #[test]
        fn rows_in_order_are_read_as_they_are_merged(
            ids in prop::collection::vec("[ab]?[0-9]{1,3}", 0..40),
            (one, two) in (0..40_usize, 0..40_usize),
            (is_sorted, is_swapped) in any::<(bool, bool)>(),
            block in 0..400_usize,
        ) {
            let mut ids = ids;
            if is_sorted {
                ids.sort();
                ids.dedup();
            }
            let (one, two) = (one.min(ids.len()), two.min(ids.len()));
            let (one, two) = (one.min(two), one.max(two));
            let (first, second) = (sorter(&[&ids[..one], &ids[one..two]]), sorter(&[&ids[two..]]));
            let sorters = if is_swapped { vec![second, first] } else { vec![first, second] };
            let ordered = OrderedRows::of(sorters.iter());
            prop_assert!(ordered.is_some() || !is_sorted);
            let mut merged = Vec::new();
            merge(sorters, |row| {
                let (id, mut content) = (row.id.to_owned(), BytesMut::new());
                row.write_content(&mut content)?;
                merged.push((id, content.into()));
                Ok::<_, io::Error>(())
            })
            .unwrap();
            let Some(ordered) = ordered else { return Ok(()) };
            prop_assert!(merged.is_sorted_by(|(one, _), (next, _)| one < next));
            prop_assert_eq!(read(ordered, block).unwrap(), merged);
        }
    }

    #[test]
    fn runs_that_overlap_or_have_an_id_twice_are_not_in_order() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for (one, two, is_in_order) in [
            (ids(&["1", "2"]), ids(&["3", "4"]), true),
            (ids(&["3", "4"]), ids(&["1", "2"]), true),
            // The rows of one run are sorted before they are written.
            (ids(&["2", "1"]), ids(&["3"]), true),
            (ids(&["1", "3"]), ids(&["2", "4"]), false),
            (ids(&["1", "2"]), ids(&["2", "3"]), false),
            (ids(&["1", "1"]), ids(&["2"]), false),
            (ids(&["1"]), ids(&["2", "2"]), false),
        ] {
            for sorters in [vec![sorter(&[&one, &two])], vec![sorter(&[&one]), sorter(&[&two])]] {
                assert_eq!(OrderedRows::of(sorters.iter()).is_some(), is_in_order, "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn a_file_that_is_shorter_than_it_was_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let ids: Vec<_> = (0..100).map(|number| format!("{number:03}")).collect();
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        let mut sorter = Sorter::in_file(file);
        write(&mut sorter, &ids);
        for size in [sorter.bytes() - 1, sorter.bytes() / 2, 0] {
            OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
            let error = read(OrderedRows::of([&sorter].into_iter()).unwrap(), 1000).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
