//! HTTP: the routes of the protocol and what is around all routes: admission by rate and token, panics, ids
//! of requests. The connections are [`super::accept`]'s, the routes beside the protocol
//! [`super::operations`]'s.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use super::accept;
use super::answer::{envelope, json, unknown_method, unknown_route};
use super::body;
use super::digest::{self, DigestQuery};
use super::exchange;
use super::feed;
use super::operations;
use super::prepare::PreparedPush;
use super::refusal::Refusal;
use super::request::{CloneQuery, PullQuery};
use super::state::ServerState;
use super::store::StoreSizes;
use crate::protocol::{Cursor, ServerStatus, code, status as capability};

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
    let (limits, metrics, readiness) =
        (state.limits, Arc::clone(&state.metrics), Arc::clone(&state.readiness));
    let page = Arc::clone(&state.page);
    let stopping = Arc::clone(&page);
    let shutdown = async move {
        shutdown.await;
        // For requests on connections that are still open.
        readiness.stop();
        stopping.stop();
    };
    accept::run(listener, shutdown, router(state), &limits, &metrics).await;
    page.stopped().await;
}

fn router(state: ServerState) -> Router {
    // Compressed are only the answers that may be large.
    let compression = CompressionLayer::new;
    let protocol = Router::new()
        .route("/datafn/status", get(status))
        .route("/datafn/push", post(push))
        .route("/datafn/pull", post(pull).layer(compression()))
        .route("/datafn/digest", post(digest).layer(compression()))
        .route("/datafn/clone", post(clone).layer(compression()))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(state.clone(), admit));
    operations::routes()
        .merge(protocol)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), exchange::observe))
        .with_state(state)
}

/// Middleware: refuses requests over the rate limit (429) and those without the token (401).
async fn admit(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    if let Some(Err(wait)) = state.rate.as_ref().map(|rate| rate.admit(Instant::now())) {
        let message = "Too many requests a second; try again later";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::LIMIT_EXCEEDED, message);
        return refusal.retry_after(wait).into_response();
    }
    if state.is_authorized(request.headers()) {
        return next.run(request).await;
    }
    Refusal::unauthorized().into_response()
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
        status["store"] = state.sizes().await.as_ref().map_or(Value::Null, store_status);
        Ok(status)
    };
    envelope(status.await)
}

/// What `status` says of the store, under `store`.
fn store_status(sizes: &StoreSizes) -> Value {
    let milliseconds = |age: Duration| u64::try_from(age.as_millis()).ok();
    json!({
        "items": {"count": sizes.items},
        "tombstones": {
            "count": sizes.tombstones,
            "oldestAgeMs": sizes.oldest_tombstone_age().and_then(milliseconds),
        },
        "mutations": {
            "count": sizes.mutations,
            "oldestAgeMs": sizes.oldest_mutation_age().and_then(milliseconds),
        },
        // A pull with a cursor before this one is refused, unless it is from 0.
        "forgottenCursor": Cursor::from(sizes.horizon),
    })
}

// The next three hold the permit of their body until they have the answer: while a push waits in the
// group commit's queue, its body is in memory too.

async fn push(State(state): State<ServerState>, request: Request) -> Response {
    let push = async {
        let _permit = state.body_permit().await;
        let body = body::read(&state.limits, request).await?;
        let arrived = Instant::now();
        let push = PreparedPush::new(&body, &state.limits, &state.schema).map_err(Refusal::bad_request)?;
        let result = state.group_commit.push(push).await?;
        state.metrics.push_took(arrived.elapsed());
        Ok(result)
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

/// The answer to a request whose handler panicked. The panic message is on stderr only: it may contain
/// data.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let message = "the server failed; try again";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message).into_response()
}
