//! A section of a file, read through a block in memory: short parts are lent from the block, long ones are read
//! past it.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;

/// A section of a file, from the first byte that has not been read.
#[derive(Debug)]
pub(super) struct FileSection {
    pub(super) file: Arc<File>,
    pub(super) position: u64,
    pub(super) end: u64,
}

/// A section, and the bytes of it that come next.
pub(super) struct Block {
    section: FileSection,
    bytes: Vec<u8>,
    /// Which of the bytes have been read, and not taken.
    filled: Range<usize>,
}

impl Block {
    /// Reads the section this number of bytes at a time.
    pub(super) fn new(section: FileSection, size: usize) -> Self {
        Self { section, bytes: vec![0; size], filled: 0..0 }
    }

    /// Whether every byte of the section has been taken.
    pub(super) fn is_at_end(&self) -> bool {
        self.filled.is_empty() && self.section.is_at_end()
    }

    /// Takes the next bytes. The block grows to hold them, where it is smaller.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be read, or has fewer bytes.
    pub(super) fn take(&mut self, length: usize) -> io::Result<&[u8]> {
        if self.filled.len() < length {
            self.fill(length)?;
        }
        let start = self.filled.start;
        self.filled.start += length;
        Ok(&self.bytes[start..self.filled.start])
    }

    /// Takes the next bytes, and appends them.
    ///
    /// # Errors
    /// Those of [`Self::take`].
    pub(super) fn append(&mut self, out: &mut BytesMut, length: usize) -> io::Result<()> {
        if length <= self.bytes.len() {
            out.extend_from_slice(self.take(length)?);
            return Ok(());
        }
        let filled = self.filled.len();
        out.extend_from_slice(self.take(filled)?);
        let (start, unread) = (out.len(), length - filled);
        if unread as u64 > self.section.left() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.resize(start + unread, 0);
        self.section.read_exact(&mut out[start..])
    }

    /// Takes the next bytes, and forgets them.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the section has fewer bytes.
    pub(super) fn skip(&mut self, length: usize) -> io::Result<()> {
        let filled = self.filled.len().min(length);
        self.filled.start += filled;
        let unread = (length - filled) as u64;
        if unread > self.section.left() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.section.position += unread;
        Ok(())
    }

    /// Reads until so many bytes can be taken.
    #[cold]
    fn fill(&mut self, length: usize) -> io::Result<()> {
        self.bytes.copy_within(self.filled.clone(), 0);
        self.filled = 0..self.filled.len();
        self.bytes.resize(self.bytes.len().max(length), 0);
        self.filled.end += self.section.fill(&mut self.bytes[self.filled.end..])?;
        if self.filled.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl FileSection {
    pub(super) fn is_at_end(&self) -> bool {
        self.left() == 0
    }

    /// The number of bytes that have not been read.
    fn left(&self) -> u64 {
        self.end - self.position
    }

    /// Reads until the buffer is full, or the section ends; returns the number of bytes.
    ///
    /// # Errors
    /// An [`io::Error`] when the file cannot be read, or is shorter than the section.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        self.read_exact(&mut buffer[..length])?;
        Ok(length)
    }
}

impl Read for FileSection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // All sections share the file's position.
        (&*self.file).seek(SeekFrom::Start(self.position))?;
        let size = (&*self.file).take(self.left()).read(buffer)?;
        self.position += size as u64;
        Ok(size)
    }
}
