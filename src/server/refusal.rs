//! A request that is refused as a whole: the HTTP status and the error envelope. The rejection of one
//! mutation is no refusal; it is part of a push's result, see [`super::apply`].

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::feed::PageError;
use super::store::StoreError;
use crate::protocol::{ErrorBody, ROOT_PATH, code, failure};

/// Why a request is refused as a whole.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: ErrorBody,
}

impl Refusal {
    /// A refusal that is about the request as a whole (path `$`).
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, error: ErrorBody::new(code, message, ROOT_PATH) }
    }

    /// HTTP 400, for a body that breaks a rule of the protocol.
    pub(super) fn bad_request(error: ErrorBody) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// HTTP 401.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code::FORBIDDEN, "Invalid or missing token")
    }
}

impl From<StoreError> for Refusal {
    /// HTTP 500. The log gets the error; the answer contains nothing of the store.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "the server's store failed; try again")
    }
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Store(error) => error.into(),
            PageError::CursorExpired(body) => Self::bad_request(body),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let envelope = failure(&self.error).to_string();
        (self.status, [(CONTENT_TYPE, "application/json")], envelope).into_response()
    }
}
