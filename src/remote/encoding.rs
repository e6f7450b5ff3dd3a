//! Compression (contract 3, `--compress`): which content coding a server takes, which ones answers may
//! have, and the compressor of request bodies. Answers are decompressed by the HTTP client; which bodies
//! are compressed is decided in [`crate::cloneup`].

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;

use crate::protocol::{ServerStatus, status};

/// The fastest level of zstd: a body is sent only after it is compressed, so the time for that
/// counts as much as the size.
const ZSTD_LEVEL: i32 = 1;

/// Whether request bodies and answers are compressed, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Request bodies with a content coding that the server's status advertises, not at all where there is
    /// none; answers with one that the server chooses, not at all over loopback.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// With this content coding, whatever the server advertises.
    With(Encoding),
}

impl Compression {
    /// The content coding that answers are asked to have (`Accept-Encoding`); `None` is any that can be
    /// read. Over loopback it is none, unless one is asked for: there, compressing takes longer than sending.
    pub(super) fn of_answers(self, is_loopback: bool) -> Option<&'static str> {
        match self {
            Self::Auto if !is_loopback => None,
            Self::Auto | Self::None => Some("identity"),
            Self::With(encoding) => Some(encoding.as_str()),
        }
    }

    /// The content coding for a server; `None` when bodies are sent uncompressed. Of several
    /// advertised ones Zstandard is preferred.
    #[must_use]
    pub(crate) fn choose(self, server: &ServerStatus) -> Option<Encoding> {
        match self {
            Self::With(encoding) => Some(encoding),
            Self::Auto if server.has(status::PUSH_ZSTD) => Some(Encoding::Zstd),
            Self::Auto if server.has(status::PUSH_GZIP) => Some(Encoding::Gzip),
            Self::Auto | Self::None => None,
        }
    }
}

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Encoding {
    /// The name in a `Content-Encoding` header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Compresses bodies one after another; its state is allocated once.
pub struct Compressor(Kind);

enum Kind {
    Gzip,
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// Makes a compressor for a content coding.
    ///
    /// # Errors
    /// An [`io::Error`] when the compression library cannot allocate its state.
    pub fn new(encoding: Encoding) -> io::Result<Self> {
        Ok(Self(match encoding {
            Encoding::Gzip => Kind::Gzip,
            Encoding::Zstd => Kind::Zstd(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        }))
    }

    /// Compresses a body into one complete stream. It uses the processor for as long as that takes,
    /// so it is not called on an async worker.
    ///
    /// # Errors
    /// An [`io::Error`] when the compression library fails.
    pub fn compress(&mut self, body: &[u8]) -> io::Result<Bytes> {
        match &mut self.0 {
            Kind::Gzip => {
                let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Level::fast());
                encoder.write_all(body)?;
                encoder.finish().map(Bytes::from)
            }
            Kind::Zstd(compressor) => compressor.compress(body).map(Bytes::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_may_have_any_coding_but_over_loopback() {
        let with_gzip = Compression::With(Encoding::Gzip);
        for (compression, elsewhere, loopback) in [
            (Compression::Auto, None, Some("identity")),
            (Compression::None, Some("identity"), Some("identity")),
            (with_gzip, Some("gzip"), Some("gzip")),
        ] {
            assert_eq!((compression.of_answers(false), compression.of_answers(true)), (elsewhere, loopback));
        }
    }
}
