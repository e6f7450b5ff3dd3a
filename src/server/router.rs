//! HTTP: routes, the token, and the envelope around every answer.

use std::any::Any;
use std::future::Future;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State as Extract};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
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
use super::feed;
use super::prepare::PreparedPush;
use super::request::{CloneQuery, PullQuery};
use super::state::State;
use super::store::StoreError;
use crate::protocol::{
    Cursor, ErrorBody, ROOT_PATH, ServerStatus, Success, code, failure, status as capability,
};

/// Serves requests until `shutdown` is done and those in flight are answered.
pub async fn serve(listener: TcpListener, shutdown: impl Future<Output = ()>, state: State) {
    let limits = state.limits;
    accept::run(listener, shutdown, router(state), &limits).await;
}

fn router(state: State) -> Router {
    let large = || CompressionLayer::new();
    Router::new()
        .route("/datafn/status", get(status))
        .route("/datafn/push", post(push))
        .route("/datafn/pull", post(pull).layer(large()))
        .route("/datafn/clone", post(clone).layer(large()))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(state.clone(), admit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// An answer that is not the one that was hoped for.
pub(super) struct Refusal(pub(super) StatusCode, pub(super) ErrorBody);

impl Refusal {
    pub(super) fn invalid(body: ErrorBody) -> Self {
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

fn envelope(answer: Result<impl Serialize, Refusal>) -> Response {
    let (status, body) = match answer {
        Ok(result) => (StatusCode::OK, serde_json::to_string(&Success::new(result))),
        Err(refusal) => return refusal.into_response(),
    };
    // What has string keys cannot fail to be written.
    (status, [(CONTENT_TYPE, "application/json")], body.unwrap_or_default()).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, body) = self;
        (status, [(CONTENT_TYPE, "application/json")], failure(&body).to_string()).into_response()
    }
}

async fn admit(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    if let Some(Err(wait)) = state.rate.as_ref().map(|rate| rate.admit(Instant::now())) {
        let message = "Too many requests a second; try again later";
        let body = ErrorBody::new(code::LIMIT_EXCEEDED, message, ROOT_PATH);
        let mut response = Refusal(StatusCode::TOO_MANY_REQUESTS, body).into_response();
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
    Refusal(StatusCode::UNAUTHORIZED, body).into_response()
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
        // SharedText and numbers cannot fail to be written.
        let mut status = serde_json::to_value(status).unwrap_or_default();
        status["ok"] = json!(true);
        Ok(status)
    };
    envelope(status.await)
}

// The room for a body is held until there is an answer: what waits for the writer takes it too.
async fn push(Extract(state): Extract<State>, request: Request) -> Response {
    let push = async {
        let _room = state.room().await;
        let body = body::read(&state.limits, request).await?;
        let prepared = PreparedPush::new(&body, &state.limits, &state.schema).map_err(Refusal::invalid)?;
        Ok(state.group_commit.push(prepared).await?)
    };
    envelope(push.await)
}

async fn pull(Extract(state): Extract<State>, request: Request) -> Response {
    let pull = async {
        let _room = state.room().await;
        let body = body::read(&state.limits, request).await?;
        let pull = PullQuery::parse(&body, &state.limits).map_err(Refusal::invalid)?;
        Ok(state.read(move |reader| feed::page(reader, &pull)).await?)
    };
    envelope(pull.await)
}

async fn clone(Extract(state): Extract<State>, request: Request) -> Response {
    let clone = async {
        let _room = state.room().await;
        let body = body::read(&state.limits, request).await?;
        let clone = CloneQuery::parse(&body).map_err(Refusal::invalid)?;
        let tables = feed::clone_tables(clone, &state.schema).map_err(Refusal::invalid)?;
        let schema = state.schema.clone();
        Ok(state.read(move |reader| feed::clone(reader, &schema, &tables)).await?)
    };
    envelope(clone.await)
}

async fn unknown_route(request: Request) -> Response {
    let message = format!("Unknown route: {}", request.uri().path());
    Refusal(StatusCode::NOT_FOUND, ErrorBody::new(code::NOT_FOUND, message, ROOT_PATH)).into_response()
}

async fn unknown_method(method: Method) -> Response {
    let message = format!("Invalid DFQL: {method} is not the method of this route");
    let body = ErrorBody::new(code::DFQL_INVALID, message, ROOT_PATH);
    Refusal(StatusCode::METHOD_NOT_ALLOWED, body).into_response()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic itself is on stderr; a client must not see what was in it.
    let body = ErrorBody::new(code::INTERNAL, "the server failed; try again", ROOT_PATH);
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}
