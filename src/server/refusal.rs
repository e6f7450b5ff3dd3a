//! A request that is refused as a whole: the HTTP status and the error envelope. The rejection of one
//! mutation is no refusal; it is part of a push's result, see [`super::apply`].

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::feed::PageError;
use super::store::StoreError;
use crate::protocol::{ErrorBody, ROOT_PATH, code, failure};

/// Why a request is refused as a whole.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: ErrorBody,
    /// The time after which the same request may succeed, in whole seconds (RFC 9110, section 10.2.3).
    retry_after: Option<u64>,
}

/// When a client should ask again that could not be answered because the store was not there: a failover
/// takes some seconds, and the request itself has waited for a few.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(1);

impl Refusal {
    /// A refusal that is about the request as a whole (path `$`).
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, error: ErrorBody::new(code, message, ROOT_PATH), retry_after: None }
    }

    /// HTTP 400, for a body that breaks a rule of the protocol.
    pub(super) fn bad_request(error: ErrorBody) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, retry_after: None }
    }

    /// Tells the client when to send the request again.
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        // Rounded up, so that the retry is admitted.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(seconds), ..self }
    }

    /// HTTP 401.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code::FORBIDDEN, "Invalid or missing token")
    }
}

impl From<StoreError> for Refusal {
    /// HTTP 503 with `Retry-After` for a store that may be there again soon, else 500. The log gets the
    /// error; the answer contains nothing of the store.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        if error.is_temporary() {
            let message = "the server's store cannot be reached; try again later";
            let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code::INTERNAL, message);
            return refusal.retry_after(STORE_RETRY_AFTER);
        }
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
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], envelope).into_response();
        let retry_after = self.retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
        response.headers_mut().extend(retry_after);
        response
    }
}
