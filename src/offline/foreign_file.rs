//! Guesses from the first bytes what a file is that SQLite cannot read, for the error and its hint. How a
//! database is opened is in [`super::database`].

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// How the file format of SQLite begins (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Number of bytes that are read: one page of the usual size.
const SAMPLE_BYTES: u64 = 4096;

/// The smallest page of SQLite: every database file, encrypted or not, is a multiple of it.
const MIN_PAGE: u64 = 512;

/// Minimum number of bytes whose entropy is significant.
const MIN_SAMPLE: usize = 400;

/// How far below its expected value the entropy of random bytes may be, in bits a byte: many times its
/// standard deviation, and far less than the distance of data that is not encrypted or compressed.
const TOLERANCE: f64 = 0.25;

/// The first bytes of archives.
const ARCHIVES: [&[u8]; 7] =
    [b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!"];

/// The first bytes of other files of high entropy: PNG, JPEG, PDF.
const MEDIA: [&[u8]; 3] = [b"\x89PNG", b"\xff\xd8\xff", b"%PDF"];

/// What a file that is not a readable SQLite database probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignFile {
    /// A database that is encrypted, as `SQLCipher` does.
    Encrypted,
    /// A compressed file.
    Archive,
    /// A text, such as a dump in SQL.
    Text,
    /// Anything else.
    Unknown,
}

impl ForeignFile {
    /// Guesses from the content of the file. A file that cannot be read is [`Self::Unknown`].
    pub(super) fn guess(path: &Path) -> Self {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| {
            let size = file.metadata()?.len();
            file.take(SAMPLE_BYTES).read_to_end(&mut head)?;
            Ok(size)
        });
        read.map_or(Self::Unknown, |size| Self::of(&head, size))
    }

    /// The guess for a file of `size` bytes that begins with `head`.
    fn of(head: &[u8], size: u64) -> Self {
        let begins_as = |known: &[&[u8]]| known.iter().any(|magic| head.starts_with(magic));
        if begins_as(&ARCHIVES) {
            return Self::Archive;
        }
        // SQLCipher can leave the header of the file in the clear, up to byte 100 at most.
        let sample = if head.starts_with(MAGIC) { head.get(100..).unwrap_or_default() } else { head };
        if size.is_multiple_of(MIN_PAGE) && !begins_as(&MEDIA) && is_random(sample) {
            return Self::Encrypted;
        }
        if !head.is_empty() && is_text(head) { Self::Text } else { Self::Unknown }
    }

    /// The guess as a clause after the name of the file; empty where there is none.
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Encrypted => ", which may be encrypted (SQLCipher)",
            Self::Archive => ", which looks like an archive",
            Self::Text => ", which looks like text",
            Self::Unknown => "",
        }
    }
}

/// Whether the bytes are those of a text in UTF-8; the last character may be cut off.
fn is_text(head: &[u8]) -> bool {
    if head.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Whether the Shannon entropy of the bytes is that of random ones: 8 bits a byte, less the bias of a
/// small sample (Miller and Madow: one less than the number of values, over twice the sample's size).
fn is_random(bytes: &[u8]) -> bool {
    if bytes.len() < MIN_SAMPLE {
        return false;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum();
    entropy >= 8.0 - 255.0 / (2.0 * total * std::f64::consts::LN_2) - TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as of a cipher: the keystream of BLAKE3.
    fn random(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(b"key").finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn random_bytes_in_whole_pages_are_an_encrypted_database() {
        for length in [512, 1024, 4096] {
            assert_eq!(ForeignFile::of(&random(length), 8192), ForeignFile::Encrypted, "{length}");
        }
        let mut with_header = random(4096);
        with_header[..16].copy_from_slice(MAGIC);
        with_header[16..32].fill(0);
        assert_eq!(ForeignFile::of(&with_header, 4096), ForeignFile::Encrypted);
        assert_eq!(ForeignFile::of(&random(4096), 5000), ForeignFile::Unknown, "no whole pages");
        assert_eq!(ForeignFile::of(&random(100), 512), ForeignFile::Unknown, "too short to tell");
    }

    #[test]
    fn archives_texts_and_other_files_are_not_taken_for_encrypted_ones() {
        let with = |magic: &[u8]| [magic, &random(4096)[magic.len()..]].concat();
        for magic in ARCHIVES {
            assert_eq!(ForeignFile::of(&with(magic), 4096), ForeignFile::Archive, "{magic:?}");
        }
        assert_eq!(ForeignFile::of(&with(b"\x89PNG"), 4096), ForeignFile::Unknown);
        let dump = "PRAGMA foreign_keys=OFF; INSERT INTO t VALUES ('é');\n".repeat(100);
        assert_eq!(ForeignFile::of(&dump.as_bytes()[..4096], 5120), ForeignFile::Text);
        for odd in [0, 7, 0x7f, 0xff] {
            assert_eq!(ForeignFile::of(&[odd; 4096], 4096), ForeignFile::Unknown);
        }
        assert_eq!(ForeignFile::of(b"", 0), ForeignFile::Unknown);
    }
}
