//! HTTP: routes, the token, limits of a body, and the envelope around every answer.

use std::any::Any;
use std::future::Future;
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Extract};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::trace::TraceLayer;

use super::apply::Prepared;
use super::feed;
use super::request::{Clone, Pull, Push};
use super::state::State;
use super::store::StoreError;
use crate::protocol::{
    Cursor, ErrorBody, ROOT_PATH, ServerStatus, code, failure, status as capability, success,
};

/// How long a body may take to arrive, so that half a request does not stay for ever.
const BODY_TIMEOUT: Duration = Duration::from_mins(1);

/// How much of a body that is too large is read and thrown away: a client that is still
/// sending would meet a reset connection instead of the answer.
const MAX_DISCARDED: usize = 1024 * 1024 * 1024;

/// Serves requests until `shutdown` is done and those in flight are answered.
///
/// # Errors
/// An [`io::Error`] when the listener fails.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
    state: State,
) -> io::Result<()> {
    axum::serve(listener, router(state)).with_graceful_shutdown(shutdown).await
}

fn router(state: State) -> Router {
    Router::new()
        .route("/datafn/status", get(status))
        .route("/datafn/push", post(push))
        .route("/datafn/pull", post(pull))
        .route("/datafn/clone", post(clone))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        // The body's limit is about what comes out of the decompression. A coding that is not
        // known is passed on, for its answer has an envelope too.
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(middleware::from_fn_with_state(state.clone(), admit))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// An answer that is not the one that was hoped for.
struct Refusal(StatusCode, ErrorBody);

impl Refusal {
    fn invalid(body: ErrorBody) -> Self {
        Self(StatusCode::BAD_REQUEST, body)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        let body = ErrorBody::new(code::INTERNAL, "the server's store failed; try again", ROOT_PATH);
        Self(StatusCode::INTERNAL_SERVER_ERROR, body)
    }
}

/// What this server can do, extensions of the protocol included.
const CAPABILITIES: [&str; 6] = [
    "sync.clone",
    "sync.pull",
    "sync.push",
    capability::PULL_EXCLUDE_OWN,
    capability::PUSH_GZIP,
    capability::PUSH_ZSTD,
];

type Answer = Result<Value, Refusal>;

fn envelope(answer: Answer) -> Response {
    let (status, body) = match answer {
        Ok(result) => (StatusCode::OK, success(result)),
        Err(Refusal(status, body)) => (status, failure(&body)),
    };
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn admit(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    if let Some(Err(wait)) = state.rate.as_ref().map(|rate| rate.admit(Instant::now())) {
        let message = "Too many requests a second; try again later";
        let body = ErrorBody::new(code::LIMIT_EXCEEDED, message, ROOT_PATH);
        let mut response = envelope(Err(Refusal(StatusCode::TOO_MANY_REQUESTS, body)));
        // The header knows whole seconds only.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        return response;
    }
    let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if state.admits(authorization) {
        return next.run(request).await;
    }
    let body = ErrorBody::new(code::FORBIDDEN, "Invalid or missing token", ROOT_PATH);
    envelope(Err(Refusal(StatusCode::UNAUTHORIZED, body)))
}

async fn status(Extract(state): Extract<State>) -> Response {
    // A clock before 1970 is no reason to refuse an answer.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let status = async {
        let sequence = state.read(|reader| reader.sequence()).await?;
        let status = ServerStatus {
            store_id: Some(state.store_id.clone()),
            schema_hash: Some(state.schema.fingerprint.clone()),
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
            limits: state.limits.advertised(),
            cursor: Some(Cursor::from(sequence)),
            server_time_ms: u64::try_from(now.as_millis()).ok(),
        };
        // Text and numbers cannot fail to be written.
        let mut status = serde_json::to_value(status).unwrap_or_default();
        status["ok"] = json!(true);
        Ok(status)
    };
    envelope(status.await)
}

async fn push(Extract(state): Extract<State>, request: Request) -> Response {
    let push = async {
        let body = read_body(&state, request).await?;
        let push = Push::parse(&body, &state.limits).map_err(Refusal::invalid)?;
        let pushed = state.writer.push(Prepared::new(push, &state.schema)).await?;
        Ok(json!({
            "ok": pushed.errors.is_empty(),
            "applied": pushed.applied,
            "errors": pushed.errors,
            "cursor": pushed.cursor.to_string(),
        }))
    };
    envelope(push.await)
}

async fn pull(Extract(state): Extract<State>, request: Request) -> Response {
    let pull = async {
        let body = read_body(&state, request).await?;
        let pull = Pull::parse(&body, &state.limits).map_err(Refusal::invalid)?;
        Ok(state.read(move |reader| feed::page(reader, &pull)).await?)
    };
    envelope(pull.await)
}

async fn clone(Extract(state): Extract<State>, request: Request) -> Response {
    let clone = async {
        let body = read_body(&state, request).await?;
        let clone = Clone::parse(&body).map_err(Refusal::invalid)?;
        let tables = feed::clone_tables(clone, &state.schema).map_err(Refusal::invalid)?;
        let schema = state.schema.clone();
        Ok(state.read(move |reader| feed::clone(reader, &schema, &tables)).await?)
    };
    envelope(clone.await)
}

/// Reads a body up to the limit.
async fn read_body(state: &State, request: Request) -> Result<Bytes, Refusal> {
    if let Some(encoding) = request.headers().get(CONTENT_ENCODING).filter(|name| *name != "identity") {
        let message =
            format!("Unsupported Content-Encoding: {}", String::from_utf8_lossy(encoding.as_bytes()));
        let body = ErrorBody::new(code::DFQL_INVALID, message, ROOT_PATH);
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, body));
    }
    let limit = state.limits.max_body_bytes;
    let reading = tokio::time::timeout(BODY_TIMEOUT, collect(request.into_body(), limit));
    match reading.await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => {
            let message = format!("a request has at most {limit} bytes");
            let body = ErrorBody::new(code::LIMIT_EXCEEDED, message, ROOT_PATH);
            Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, body))
        }
        Ok(Err(_)) => Err(Refusal::invalid(ErrorBody::new(
            code::DFQL_INVALID,
            "the request's body did not arrive",
            ROOT_PATH,
        ))),
        Err(_) => {
            let body = ErrorBody::new(code::DFQL_INVALID, "the request's body took too long", ROOT_PATH);
            Err(Refusal(StatusCode::REQUEST_TIMEOUT, body))
        }
    }
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

async fn unknown_route(request: Request) -> Response {
    let message = format!("Unknown route: {}", request.uri().path());
    envelope(Err(Refusal(StatusCode::NOT_FOUND, ErrorBody::new(code::NOT_FOUND, message, ROOT_PATH))))
}

async fn unknown_method(method: Method) -> Response {
    let message = format!("Invalid DFQL: {method} is not the method of this route");
    let body = ErrorBody::new(code::DFQL_INVALID, message, ROOT_PATH);
    envelope(Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, body)))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic itself is on stderr; a client must not see what was in it.
    let body = ErrorBody::new(code::INTERNAL, "the server failed; try again", ROOT_PATH);
    envelope(Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, body)))
}
