//! Local items with their digests, kept in a temporary file until it is known which of them differ: so
//! that no row is read and hashed twice, and memory does not grow with the rows.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, Write as _};

use crate::mutation::digest::{ItemDigest, MAX_BITS};
use crate::offline::{Digest, ItemKey, OfflineError, temporary_file};

/// Bytes that are kept in memory: the items of a small table need no file.
const BUFFER_BYTES: usize = 128 * 1024;

/// Bytes before the key of an item: bucket, content digest, length of the key, length of `from`.
const HEADER_BYTES: usize = 2 + 16 + 4 + 4;

/// What the header has as the length of `from` of a record.
const NO_FROM: u32 = u32::MAX;

/// Items in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct ItemFile {
    buffer: Vec<u8>,
    file: Option<File>,
}

/// An item that was kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptItem {
    pub(super) key: ItemKey,
    pub(super) content: Digest,
    /// The first [`MAX_BITS`] bits of the hash of its key.
    bucket: u16,
}

impl KeptItem {
    /// The number of its bucket among `2^bits`.
    pub(super) fn bucket(&self, bits: u8) -> usize {
        usize::from(self.bucket) >> (MAX_BITS - bits.min(MAX_BITS))
    }
}

impl ItemFile {
    /// Adds an item; `ends` are the two ids of a join row, or a record's id and an empty text.
    pub(super) fn add(
        &mut self,
        (id, to): (&str, &str),
        is_join_row: bool,
        item: &ItemDigest,
    ) -> Result<(), OfflineError> {
        let too_long = || OfflineError::storage("an id has more than 4 GiB");
        let whole = if is_join_row { id.len() + 1 + to.len() } else { id.len() };
        let whole = u32::try_from(whole).map_err(|_| too_long())?;
        let from_len = if is_join_row { u32::try_from(id.len()).map_err(|_| too_long())? } else { NO_FROM };
        let bucket = u16::try_from(item.bucket(MAX_BITS)).unwrap_or(u16::MAX);
        let buffer = &mut self.buffer;
        buffer.extend_from_slice(&bucket.to_le_bytes());
        buffer.extend_from_slice(item.content.as_bytes());
        buffer.extend_from_slice(&whole.to_le_bytes());
        buffer.extend_from_slice(&from_len.to_le_bytes());
        buffer.extend_from_slice(id.as_bytes());
        if is_join_row {
            buffer.push(b':');
            buffer.extend_from_slice(to.as_bytes());
        }
        if buffer.len() >= BUFFER_BYTES { self.spill().map_err(failed) } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(temporary_file()?),
        };
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        self.buffer.shrink_to(2 * BUFFER_BYTES);
        Ok(())
    }

    /// Calls `consume` with every item, in the order in which they were added.
    pub(super) fn for_each(
        &mut self,
        mut consume: impl FnMut(KeptItem) -> Result<(), OfflineError>,
    ) -> Result<(), OfflineError> {
        if let Some(file) = &mut self.file {
            file.rewind().map_err(failed)?;
            read_all(&mut BufReader::with_capacity(BUFFER_BYTES, file), &mut consume)?;
        }
        read_all(&mut self.buffer.as_slice(), &mut consume)
    }
}

fn read_all(
    source: &mut impl Read,
    consume: &mut impl FnMut(KeptItem) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    while let Some(item) = read_item(source).map_err(failed)? {
        consume(item)?;
    }
    Ok(())
}

/// The next item; `None` at the end.
fn read_item(source: &mut impl Read) -> io::Result<Option<KeptItem>> {
    let mut header = [0; HEADER_BYTES];
    match source.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let (bucket, rest) = header.split_at(2);
    let (content, lengths) = rest.split_at(16);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let (whole, from_len) = (number(&lengths[..4]), number(&lengths[4..]));
    let mut id = vec![0; usize::try_from(whole).map_err(io::Error::other)?];
    source.read_exact(&mut id)?;
    let id = String::from_utf8(id).map_err(io::Error::other)?;
    let from_len = (from_len != NO_FROM).then_some(from_len).and_then(|len| usize::try_from(len).ok());
    let mut digest = Digest::default();
    digest.copy_from_slice(content);
    let bucket = u16::from_le_bytes([bucket[0], bucket[1]]);
    Ok(Some(KeptItem { key: ItemKey { id, from_len }, content: digest, bucket }))
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` gives the error away")]
fn failed(error: io::Error) -> OfflineError {
    OfflineError::storage(format!("cannot use a temporary file, in /var/tmp or where TMPDIR says: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::ContentHash;
    use crate::mutation::digest::ItemHasher;

    #[test]
    fn items_come_back_in_order_from_memory_and_from_a_file() {
        for count in [3_u32, 20_000] {
            let (mut file, mut expected, mut hasher) =
                (ItemFile::default(), Vec::new(), ItemHasher::default());
            for number in 0..count {
                let (from, to) = (format!("Zürich:{number}"), format!("{}", number % 7));
                let content = ContentHash::of(&[&number.to_le_bytes()]);
                let is_join_row = number % 2 == 0;
                if is_join_row {
                    hasher.add_join_row(&from, &to, content);
                } else {
                    hasher.add_record(&from, content);
                }
                let key =
                    if is_join_row { ItemKey::join_row(&from, &to) } else { ItemKey::record(from.clone()) };
                hasher.finish(|item| {
                    file.add((&from, &to), is_join_row, &item).unwrap();
                    expected.push((key.clone(), content.as_bytes().to_vec(), item.bucket(5)));
                });
            }
            assert_eq!(file.file.is_some(), count > 1000);
            // It can be read more than once.
            for _ in 0..2 {
                let mut read = Vec::new();
                file.for_each(|item| {
                    let bucket = item.bucket(5);
                    read.push((item.key, item.content.to_vec(), bucket));
                    Ok(())
                })
                .unwrap();
                assert_eq!(read, expected);
            }
        }
    }
}
