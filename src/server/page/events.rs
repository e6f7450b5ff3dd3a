//! `GET /events`: what the page shows, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>). Each `state` event has the sections
//! that have changed since the one before.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::{Instant, timeout_at};

use super::watch::Page;
use crate::protocol::code;
use crate::server::refusal::Refusal;

/// How long a stream lasts; the page then opens another one. It is less than the time that a connection
/// has for an answer, after which it would be cut off.
const LIFETIME: Duration = Duration::from_mins(4);

/// When a page should ask again that was one too many.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Tells nginx not to collect the events before it passes them on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The events of a page, for someone who may read them.
pub(in crate::server) fn events(page: &Arc<Page>) -> Response {
    let Some(subscriber) = page.subscribe() else {
        let message = "too many pages are open; close one, or try again later";
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code::LIMIT_EXCEEDED, message);
        return refusal.retry_after(RETRY_AFTER).into_response();
    };
    let end = Instant::now() + LIFETIME;
    // The next event is made when the one before is sent: a slow reader gets fewer of them.
    let events = stream::unfold(subscriber, move |mut subscriber| async move {
        let sections = timeout_at(end, subscriber.next()).await.ok().flatten()?;
        Some((Ok::<_, Infallible>(event(&sections)), subscriber))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// An event with the text of a JSON object, which has no line breaks.
fn event(json: &str) -> Bytes {
    format!("event: state\ndata: {json}\n\n").into()
}
