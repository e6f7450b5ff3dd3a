//! The routes for those who operate the server, beside those of the protocol: `GET /healthz`, `/readyz` and
//! `/metrics` (contract 4), `/` and `/events` (contract 4.1). They do not count as requests of clients, so
//! that no rate limit hides how the server is.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::answer;
use super::metrics::Reading;
use super::page;
use super::peer;
use super::refusal::Refusal;
use super::state::ServerState;
use crate::protocol::code;

/// The `Content-Type` of the metrics.
const PROMETHEUS_TEXT: &str = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// The routes.
pub(super) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/", get(page::document))
        .route("/events", get(events))
        .method_not_allowed_fallback(answer::unknown_method)
}

/// The process lives: it answers.
async fn healthz() -> Response {
    answer::done()
}

/// Requests of clients can be answered; otherwise 503, so that a load balancer sends them elsewhere.
async fn readyz(State(state): State<ServerState>) -> Response {
    let refused = |message| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code::INTERNAL, message);
    if state.readiness.is_stopping() {
        return refused("the server is shutting down").into_response();
    }
    if state.ask_store().await.is_none() {
        return refused("the server's store does not answer").into_response();
    }
    answer::done()
}

/// All metrics, whether the store answers or not: for callers on this machine, and for those with the token.
async fn metrics(State(state): State<ServerState>, request: Request) -> Response {
    if !peer::is_local(&request) && !state.is_authorized(request.headers()) {
        return Refusal::unauthorized().into_response();
    }
    let sequence = state.ask_store().await;
    let reading = Reading {
        bodies: state.bodies_in_memory(),
        connections: state.store.connections(),
        sequence,
        sizes: if sequence.is_some() { state.sizes().await } else { None },
    };
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], state.metrics.text(&reading)).into_response()
}

/// What the page shows: for those with the token, because it is what clients have sent.
async fn events(State(state): State<ServerState>, request: Request) -> Response {
    if !state.is_authorized(request.headers()) {
        return Refusal::unauthorized().into_response();
    }
    page::events(&state.page)
}
