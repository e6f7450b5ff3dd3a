//! Text that comes from any editor or program: UTF-8, with or without a byte order mark, which Windows
//! editors and PowerShell put in front. What the text means is decided where it is read.

use std::io;
use std::path::Path;

/// The byte order mark as UTF-8 has it: three bytes.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Bytes that are not UTF-8. Nothing of them is part of the message: they may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotUtf8 {
    #[error("the text is UTF-16, by its byte order mark, and must be UTF-8")]
    Utf16,
    #[error("the text is not UTF-8")]
    Other,
}

/// Reads a file.
///
/// # Errors
/// An [`io::Error`] when it cannot be read; of the kind `InvalidData`, with [`NotUtf8`] in it, when it is
/// not UTF-8.
pub(super) fn read(path: &Path) -> io::Result<String> {
    from_bytes(std::fs::read(path)?)
}

/// The text of a file or of a program's output, as [`decode`], with its error as an [`io::Error`].
///
/// # Errors
/// An [`io::Error`] of the kind `InvalidData`.
pub(super) fn from_bytes(bytes: Vec<u8>) -> io::Result<String> {
    decode(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Bytes as text, without the byte order mark.
///
/// # Errors
/// [`NotUtf8`] when they are not UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NotUtf8::Utf16);
    }
    let mut text = String::from_utf8(bytes).map_err(|_| NotUtf8::Other)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

/// A text without the byte order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_removed_and_utf_16_is_named() {
        for (bytes, expected) in [
            (&b"abc"[..], Ok("abc")),
            (b"\xef\xbb\xbfabc", Ok("abc")),
            (b"\xef\xbb\xbf", Ok("")),
            (b"a\xef\xbb\xbf", Ok("a\u{feff}")),
            (b"\xff\xfea\0b\0", Err(NotUtf8::Utf16)),
            (b"\xfe\xff\0a\0b", Err(NotUtf8::Utf16)),
            (b"\xffab", Err(NotUtf8::Other)),
        ] {
            assert_eq!(decode(bytes.to_vec()).as_deref(), expected.as_ref().map(|text| *text), "{bytes:?}");
        }
        assert_eq!((without_mark("\u{feff}a"), without_mark("a")), ("a", "a"));
    }
}
