//! Compressed request bodies (contract 3, `--compress`). Answers are decompressed by the HTTP
//! client itself.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;

use crate::protocol::{ServerStatus, status};

/// The fastest level of zstd: a body is compressed while it could be on its way, so the time
/// counts as much as the size.
const ZSTD_LEVEL: i32 = 1;

/// Whether request bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// With what the server advertises, if anything.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// With this.
    With(Encoding),
}

impl Compression {
    /// What to compress with for this server.
    #[must_use]
    pub fn choose(self, server: &ServerStatus) -> Option<Encoding> {
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
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Compresses bodies one behind the other; what it takes for that is set up once.
pub struct Compressor(Kind);

enum Kind {
    Gzip,
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// One for an encoding.
    ///
    /// # Errors
    /// An [`io::Error`] when the library cannot be set up, for which there is no reason but
    /// memory.
    pub fn new(encoding: Encoding) -> io::Result<Self> {
        Ok(Self(match encoding {
            Encoding::Gzip => Kind::Gzip,
            Encoding::Zstd => Kind::Zstd(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        }))
    }

    /// Compresses a body. Takes a while: not for an async worker.
    ///
    /// # Errors
    /// An [`io::Error`] when the library fails, which it has no reason to.
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
