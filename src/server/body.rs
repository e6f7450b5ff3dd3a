//! Reads the body of a request and decompresses it, both up to the limit `max_body_bytes`. It is parsed
//! elsewhere: [`super::request`] and [`super::raw_push`].

use std::cell::RefCell;
use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderValue, StatusCode};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt as _;
use zstd::zstd_safe::{DCtx, DParameter, ResetDirective};

use super::limits::Limits;
use super::refusal::Refusal;
use crate::protocol::code;

/// How long a body may take to arrive, so that an incomplete request does not hold memory forever.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes of a body that are read in all when it is too large. What is over the limit is discarded; if
/// it were left unread, a client that is still sending would get a connection reset instead of the
/// answer.
const MAX_DISCARDED: usize = 1024 * 1024 * 1024;

/// The largest window of a Zstandard body, as a power of two: 8 MiB, which RFC 8878 (section 3.1.1.1.2)
/// recommends that every decoder supports. More would let a small body allocate much memory.
const WINDOW_LOG: u32 = 23;

/// Reads a request's body and undoes its `Content-Encoding`.
///
/// # Errors
/// A [`Refusal`] with HTTP 413 for a body over the limit, 415 for an unknown coding, 408 for one that
/// takes too long, and 400 for one that is cut off or cannot be decompressed.
pub(super) async fn read(limits: &Limits, request: Request) -> Result<Bytes, Refusal> {
    let limit = limits.max_body_bytes;
    let coding = request.headers().get(CONTENT_ENCODING).cloned();
    let received = match tokio::time::timeout(TIMEOUT, collect(request.into_body(), limit)).await {
        Ok(Ok(Some(received))) => received,
        Ok(Ok(None)) => return Err(too_large(limit)),
        Ok(Err(_)) => return Err(invalid(StatusCode::BAD_REQUEST, "the request's body did not arrive")),
        Err(_) => return Err(invalid(StatusCode::REQUEST_TIMEOUT, "the request's body took too long")),
    };
    let decoded = match coding.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"identity") => return Ok(received),
        Some(b"gzip") => read_up_to(limit, MultiGzDecoder::new(&*received)),
        Some(b"zstd") => decompress_zstd(limit, &received),
        Some(other) => {
            let message = format!("Unsupported Content-Encoding: {}", String::from_utf8_lossy(other));
            return Err(invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    match decoded {
        Ok(Some(decoded)) => Ok(decoded),
        Ok(None) => Err(too_large(limit)),
        Err(_) => Err(invalid(StatusCode::BAD_REQUEST, "the request's body cannot be decompressed")),
    }
}

fn invalid(status: StatusCode, message: impl Into<String>) -> Refusal {
    Refusal::new(status, code::DFQL_INVALID, message)
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("a request has at most {limit} bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, code::LIMIT_EXCEEDED, message)
}

/// Collects the whole body; `None` when it is larger than the limit.
async fn collect(body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut chunks = body.into_data_stream();
    let (mut collected, mut size) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await.transpose()? {
        size += chunk.len();
        if size <= limit {
            collected.extend_from_slice(&chunk);
        } else {
            collected = Vec::new();
            if size > MAX_DISCARDED {
                break;
            }
        }
    }
    Ok((size <= limit).then(|| collected.into()))
}

/// Reads a decoder to its end; `None` when it gives more than the limit.
fn read_up_to(limit: usize, decoder: impl Read) -> io::Result<Option<Bytes>> {
    let mut all = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut all)?;
    Ok((all.len() <= limit).then(|| all.into()))
}

fn decompress_zstd(limit: usize, compressed: &[u8]) -> io::Result<Option<Bytes>> {
    thread_local! {
        /// One context for each thread, because creating one costs as much as decompressing a small
        /// body.
        static CONTEXT: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
    }
    CONTEXT.with_borrow_mut(|context| {
        let failed = |_| io::Error::from(io::ErrorKind::InvalidData);
        // The previous body may have ended in the middle of a frame.
        context.reset(ResetDirective::SessionOnly).map_err(failed)?;
        context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(failed)?;
        read_up_to(limit, zstd::stream::read::Decoder::with_context(compressed, context))
    })
}
