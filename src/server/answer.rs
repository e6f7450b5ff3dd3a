//! Answers: the envelope around results, and what all routes answer to requests that they do not know.

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::refusal::Refusal;
use crate::protocol::{Success, code};

/// HTTP 200 with the result in its envelope, or the refusal.
pub(super) fn envelope(answer: Result<impl Serialize, Refusal>) -> Response {
    json(answer.map(|result| {
        serde_json::to_string(&Success::new(result))
            .expect("results have text keys and finite numbers only, so they can be written as JSON")
    }))
}

/// HTTP 200 with an empty result.
pub(super) fn done() -> Response {
    json(Ok(r#"{"ok":true}"#))
}

/// HTTP 200 with the text of the whole answer, or the refusal.
pub(super) fn json(answer: Result<impl IntoResponse, Refusal>) -> Response {
    match answer {
        Ok(body) => (StatusCode::OK, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The answer to a request for a route that there is not.
pub(super) async fn unknown_route(request: Request) -> Response {
    let message = format!("Unknown route: {}", request.uri().path());
    Refusal::new(StatusCode::NOT_FOUND, code::NOT_FOUND, message).into_response()
}

/// The answer to a request with another method than the route's.
pub(super) async fn unknown_method(method: Method) -> Response {
    let message = format!("Invalid DFQL: {method} is not the method of this route");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, code::DFQL_INVALID, message).into_response()
}
