//! What is kept of every request while it is answered: its id, the span of its log lines, its place in the
//! metrics, and at its end one log line. Nothing of its query, its headers or its bodies is logged.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::{Instrument as _, Span};

use super::metrics::Metrics;
use super::peer::Peer;
use super::state::ServerState;

/// The header with the id of a request, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of a request id, at most: more than those of any usual form.
const MAX_ID: usize = 128;

/// Bytes of a path in the log, at most: those of the routes are shorter.
const MAX_PATH: usize = 100;

/// Middleware: gives the request an id, which the answer carries and its log lines name, counts it, and logs
/// it when all of the answer is sent.
pub(super) async fn observe(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let id = request_id(&request);
    // At the level of errors, so that the lines of errors have it whatever the log shows.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut exchange = Exchange::begin(&request, Arc::clone(&state.metrics), span.clone());
    let received = Arc::clone(&exchange.received);
    let request = request.map(|body| Body::new(ReceivedBody { body, received }));
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(REQUEST_ID, id);
    exchange.answered(response.status().as_u16());
    response.map(|body| Body::new(SentBody { body, exchange }))
}

/// The id that the caller has given, if it is one: visible ASCII of a bounded length; else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let is_sane = |id: &&HeaderValue| {
        (1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    let given = request.headers().get(REQUEST_ID).filter(is_sane).cloned();
    given.unwrap_or_else(|| {
        let new = uuid::Uuid::new_v4().to_string();
        HeaderValue::try_from(new).expect("a UUID has hexadecimal digits and hyphens only")
    })
}

/// A request that is being answered. When it is dropped, it is not in flight any more, and is logged.
struct Exchange {
    metrics: Arc<Metrics>,
    span: Span,
    start: Instant,
    method: Method,
    uri: Uri,
    /// The route of the router; `None` if it has none for the request.
    route: Option<MatchedPath>,
    peer: Option<Peer>,
    /// Bytes of the request's body.
    received: Arc<AtomicU64>,
    /// `None` until there is an answer.
    status: Option<u16>,
    /// Bytes of the answer's body.
    sent: u64,
    /// Whether all of the answer was taken.
    is_complete: bool,
}

impl Exchange {
    fn begin(request: &Request, metrics: Arc<Metrics>, span: Span) -> Self {
        metrics.request_begins();
        Self {
            metrics,
            span,
            start: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.extensions().get().cloned(),
            peer: request.extensions().get().copied(),
            received: Arc::default(),
            status: None,
            sent: 0,
            // The answer to HEAD has no body that could be taken.
            is_complete: request.method() == Method::HEAD,
        }
    }

    /// Counts the answer, before its first byte is sent.
    fn answered(&mut self, status: u16) {
        self.status = Some(status);
        self.count();
    }

    fn count(&self) {
        self.metrics.answered(self.route.as_ref().map(MatchedPath::as_str), self.status);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.metrics.request_ends();
        if self.status.is_none() {
            self.count();
        }
        let message = if self.is_complete { "answered" } else { "the client went away" };
        tracing::info!(
            parent: &self.span,
            method = self.method.as_str(),
            path = &*shortened(self.uri.path()),
            status = self.status,
            duration_ms = milliseconds(self.start),
            received = self.received.load(Ordering::Relaxed),
            sent = self.sent,
            peer = self.peer.map(|Peer(address)| tracing::field::display(address.ip())),
            "{message}"
        );
    }
}

/// The time since then in milliseconds, to the microsecond.
fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

/// A path of a bounded length.
fn shortened(path: &str) -> Cow<'_, str> {
    match path.get(..path.floor_char_boundary(MAX_PATH)) {
        Some(start) if start.len() < path.len() => format!("{start}…").into(),
        _ => path.into(),
    }
}

/// The body of a request, whose bytes are counted.
struct ReceivedBody {
    body: Body,
    received: Arc<AtomicU64>,
}

impl HttpBody for ReceivedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.received.fetch_add(bytes(frame.as_ref()), Ordering::Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer, which ends the exchange.
struct SentBody {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.exchange.sent += bytes(frame.as_ref());
        self.exchange.is_complete |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        // A body whose end is known is not read any further.
        self.exchange.is_complete |= self.body.is_end_stream();
    }
}

/// The bytes of data in a frame.
fn bytes(frame: Option<&Result<Frame<Bytes>, axum::Error>>) -> u64 {
    let data = frame.and_then(|frame| frame.as_ref().ok()?.data_ref());
    data.map_or(0, |data| data.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_of_the_caller_is_kept_if_it_is_short_visible_ascii() {
        let id = |given: Option<&[u8]>| {
            let mut request = Request::new(Body::empty());
            if let Some(given) = given {
                request.headers_mut().insert(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
            }
            request_id(&request)
        };
        let longest = [b'a'; MAX_ID];
        for given in [&b"a-1/b:c"[..], &longest] {
            assert_eq!(id(Some(given)).as_bytes(), given);
        }
        for given in [None, Some(&b""[..]), Some(b"a b"), Some(b"\xc3\xa9"), Some(&[b'a'; MAX_ID + 1])] {
            assert_eq!(id(given).len(), 36, "{given:?}");
        }
    }

    #[test]
    fn paths_are_shortened_between_characters() {
        assert_eq!(shortened("/datafn/push"), "/datafn/push");
        let long = "é".repeat(MAX_PATH);
        assert_eq!(shortened(&long), format!("{}…", "é".repeat(MAX_PATH / 2)));
    }
}
