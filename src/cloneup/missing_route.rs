//! A base URL whose routes are not there (contract 3.3): which base was probably meant, and whether a
//! server that lacks `status` is a sync server all the same. That a route is missing is decided in
//! [`crate::remote`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::failure::{Cause, Failure, PULL_PATH, STATUS_PATH};
use super::options::Options;
use super::preview::ServerCheck;
use crate::protocol::{Cursor, PullRequest};
use crate::remote::{GaveUp, Remote, RequestError, RetryError, TransportKind};

/// The client id of a request that looks for a server, unless the options have one.
const CLIENT_ID: &str = "synctool-dry-run";

/// Adds the base that was probably meant to failures of requests to `path` whose route is missing.
pub(super) async fn suggest_base(remote: &Remote, failures: &mut [Failure], path: &str) {
    let is_missing =
        |failure: &&mut Failure| failure.body().path == path && is_missing_route(failure.cause.as_ref());
    let mut failures = failures.iter_mut().filter(is_missing).peekable();
    if failures.peek().is_none() {
        return;
    }
    if let Some(base) = remote.suggest_base().await {
        failures.for_each(|failure| mention(failure, &base));
    }
}

/// The check of a server without a `status` route. It may lack that route; a base that is wrong lacks
/// all of them. A pull tells the two apart: it changes nothing.
pub(super) async fn check_without_status(
    remote: &Remote,
    options: &Options,
    missing: RequestError,
) -> (ServerCheck, Option<Failure>, Option<String>) {
    let check = |answers, accepts_token| ServerCheck { answers, accepts_token };
    let request = PullRequest {
        client_id: options.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned()),
        cursor: Cursor::zero(),
        limit: 1,
        cursors: BTreeMap::new(),
        exclude_own_after: None,
    };
    let Err(error) = remote.pull(&request).await else { return (check(true, Some(true)), None, None) };
    if let RequestError::Forbidden(body) = error {
        let failure = Failure::forbidden(body.message, PULL_PATH);
        return (check(true, Some(false)), Some(failure), None);
    }
    match error.transport() {
        Some(transport) if transport.kind == TransportKind::NoRoute => {}
        Some(transport) if transport.status.is_none() => {
            let failure = Failure::transport(failed_once("POST", remote.pull_url(), error), PULL_PATH);
            return (check(false, None), Some(failure), None);
        }
        _ => return (check(true, None), None, None),
    }
    let suggestion = remote.suggest_base().await;
    if suggestion.is_none() && !options.pull_after {
        // Such an upload needs nothing but `push`, and no request that changes nothing shows whether
        // that is there.
        let warning = format!(
            "neither {} nor {} is there; is the remote the right base? /push is added to it",
            remote.status_url(),
            remote.pull_url()
        );
        return (check(true, None), None, Some(warning));
    }
    let mut failure = Failure::transport(failed_once("GET", remote.status_url(), missing), STATUS_PATH);
    if let Some(base) = suggestion {
        mention(&mut failure, &base);
    }
    (check(false, None), Some(failure), None)
}

/// The error of a request that is not sent again.
pub(super) fn failed_once(method: &'static str, url: String, source: RequestError) -> RetryError {
    let (tries, elapsed, reason) = (1, Duration::ZERO, GaveUp::NotRetryable);
    RetryError { method, url, tries, elapsed, reason, source }
}

fn is_missing_route(cause: Option<&Cause>) -> bool {
    matches!(cause, Some(Cause::Request(error)) if error.kind() == Some(TransportKind::NoRoute))
}

fn mention(failure: &mut Failure, base: &str) {
    let message = &mut failure.error.body.message;
    *message = format!("{message}; a sync server answers at {base}: did you mean that?");
}
