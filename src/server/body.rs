//! The body of a request: read up to a limit, and decompressed up to it.

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
use super::router::Refusal;
use crate::protocol::{ErrorBody, ROOT_PATH, code};

/// How long a body may take to arrive, so that half a request does not stay for ever.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How much of a body that is too large is read and thrown away: a client that is still
/// sending would meet a reset connection instead of the answer.
const MAX_DISCARDED: usize = 1024 * 1024 * 1024;

/// What a compressed body may refer back to, as a power of two: 8 MiB, which every decoder
/// must be able to do (RFC 8878, section 3.1.1.1.2), and no more.
const WINDOW_LOG: u32 = 23;

/// Reads a body, and takes its content coding off.
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
        Some(b"gzip") => up_to(limit, MultiGzDecoder::new(&*received)),
        Some(b"zstd") => unzstd(limit, &received),
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
    Refusal(status, ErrorBody::new(code::DFQL_INVALID, message, ROOT_PATH))
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("a request has at most {limit} bytes");
    Refusal(StatusCode::PAYLOAD_TOO_LARGE, ErrorBody::new(code::LIMIT_EXCEEDED, message, ROOT_PATH))
}

/// The whole body; `None` when it is larger than the limit.
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

/// Everything that a decoder gives; `None` when it is more than the limit.
fn up_to(limit: usize, decoder: impl Read) -> io::Result<Option<Bytes>> {
    let mut all = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut all)?;
    Ok((all.len() <= limit).then(|| all.into()))
}

fn unzstd(limit: usize, compressed: &[u8]) -> io::Result<Option<Bytes>> {
    thread_local! {
        /// Making one costs as much as decoding a small body.
        static CONTEXT: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
    }
    CONTEXT.with_borrow_mut(|context| {
        let failed = |_| io::Error::from(io::ErrorKind::InvalidData);
        // The body before may have ended in the middle.
        context.reset(ResetDirective::SessionOnly).map_err(failed)?;
        context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(failed)?;
        up_to(limit, zstd::stream::read::Decoder::with_context(compressed, context))
    })
}
