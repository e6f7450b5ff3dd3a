//! HTTP: the routes, admission by rate and token, and the envelope around every answer. The connections
//! are [`super::accept`]'s.

use std::any::Any;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

use super::accept;
use super::body;
use super::digest::{self, DigestQuery};
use super::feed;
use super::prepare::PreparedPush;
use super::refusal::Refusal;
use super::request::{CloneQuery, PullQuery};
use super::state::ServerState;
use crate::protocol::{Cursor, ServerStatus, Success, code, status as capability};

/// What `status` names in `capabilities`: the base protocol, then its extensions.
const CAPABILITIES: [&str; 8] = [
    "sync.clone",
    capability::DIGEST,
    "sync.pull",
    "sync.push",
    capability::PULL_EXCLUDE_OWN,
    capability::PUSH_GZIP,
    capability::PUSH_ZSTD,
    capability::PUSH_REPEATED,
];

/// Serves requests on `listener` until `shutdown` completes and the requests in flight are answered.
///
/// After `shutdown` no connection is accepted, idle connections are closed, a client that is sending a
/// body or taking an answer has 10 seconds, and a push that has arrived is always applied and answered.
///
/// # Panics
/// When it does not run in a Tokio runtime with I/O and time enabled.
pub async fn serve(listener: TcpListener, shutdown: impl Future<Output = ()>, state: ServerState) {
    let limits = state.limits;
    accept::run(listener, shutdown, router(state), &limits).await;
}

fn router(state: ServerState) -> Router {
    // Compressed are only the answers that may be large.
    let compression = CompressionLayer::new;
    Router::new()
        .route("/datafn/status", get(status))
        .route("/datafn/push", post(push))
        .route("/datafn/pull", post(pull).layer(compression()))
        .route("/datafn/digest", post(digest).layer(compression()))
        .route("/datafn/clone", post(clone).layer(compression()))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(state.clone(), admit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// Middleware: refuses requests over the rate limit (429) and those without the token (401).
async fn admit(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    if let Some(Err(wait)) = state.rate.as_ref().map(|rate| rate.admit(Instant::now())) {
        let message = "Too many requests a second; try again later";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::LIMIT_EXCEEDED, message);
        return refusal.retry_after(wait).into_response();
    }
    let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if state.is_authorized(authorization) {
        return next.run(request).await;
    }
    Refusal::new(StatusCode::UNAUTHORIZED, code::FORBIDDEN, "Invalid or missing token").into_response()
}

async fn status(State(state): State<ServerState>) -> Response {
    let status = async {
        let sequence = state.store.sequence().await?;
        // A clock before 1970 is reported as 0.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let status = ServerStatus {
            store_id: Some(state.store.id().to_owned()),
            schema_hash: Some(state.schema.fingerprint.clone()),
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
            limits: state.limits.advertised(),
            cursor: Some(Cursor::from(sequence)),
            server_time_ms: u64::try_from(now.as_millis()).ok(),
        };
        let mut status = serde_json::to_value(status).expect("text and numbers can be written as JSON");
        status["ok"] = json!(true);
        Ok(status)
    };
    envelope(status.await)
}

// The next three hold the permit of their body until they have the answer: while a push waits in the
// group commit's queue, its body is in memory too.

async fn push(State(state): State<ServerState>, request: Request) -> Response {
    let push = async {
        let _permit = state.body_permit().await;
        let body = body::read(&state.limits, request).await?;
        let push = PreparedPush::new(&body, &state.limits, &state.schema).map_err(Refusal::bad_request)?;
        Ok(state.group_commit.push(push).await?)
    };
    envelope(push.await)
}

async fn pull(State(state): State<ServerState>, request: Request) -> Response {
    let pull = async {
        let _permit = state.body_permit().await;
        let body = body::read(&state.limits, request).await?;
        let query = PullQuery::parse(&body, &state.limits).map_err(Refusal::bad_request)?;
        Ok(feed::page(&state.store, query).await?)
    };
    json(pull.await)
}

async fn clone(State(state): State<ServerState>, request: Request) -> Response {
    let clone = async {
        let _permit = state.body_permit().await;
        let body = body::read(&state.limits, request).await?;
        let query = CloneQuery::parse(&body).map_err(Refusal::bad_request)?;
        let plan = feed::clone_plan(query, &state.schema).map_err(Refusal::bad_request)?;
        Ok(feed::clone(&state.store, plan).await?)
    };
    json(clone.await)
}

async fn digest(State(state): State<ServerState>, request: Request) -> Response {
    let digest = async {
        let _permit = state.body_permit().await;
        let body = body::read(&state.limits, request).await?;
        let query = DigestQuery::parse(&body, &state.schema).map_err(Refusal::bad_request)?;
        Ok(digest::answer(&state.store, query).await?)
    };
    envelope(digest.await)
}

async fn unknown_route(request: Request) -> Response {
    let message = format!("Unknown route: {}", request.uri().path());
    Refusal::new(StatusCode::NOT_FOUND, code::NOT_FOUND, message).into_response()
}

async fn unknown_method(method: Method) -> Response {
    let message = format!("Invalid DFQL: {method} is not the method of this route");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, code::DFQL_INVALID, message).into_response()
}

/// The answer to a request whose handler panicked. The panic message is on stderr only: it may contain
/// data.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let message = "the server failed; try again";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message).into_response()
}

/// HTTP 200 with the result in its envelope, or the refusal.
fn envelope(answer: Result<impl Serialize, Refusal>) -> Response {
    json(answer.map(|result| {
        serde_json::to_string(&Success::new(result))
            .expect("results have text keys and finite numbers only, so they can be written as JSON")
    }))
}

/// HTTP 200 with the text of the whole answer, or the refusal.
fn json(answer: Result<impl IntoResponse, Refusal>) -> Response {
    match answer {
        Ok(body) => (StatusCode::OK, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
