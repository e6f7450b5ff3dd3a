//! The check of the server in a dry run: whether it answers, and whether it accepts the credentials. It
//! sends only requests that change nothing. The plan of the dry run is in [`super::preview`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::failure::{Failure, PULL_PATH, STATUS_PATH};
use super::missing_route::mention;
use super::options::Options;
use crate::protocol::{Cursor, PullRequest, ServerStatus};
use crate::remote::{GaveUp, Remote, RequestError, RetryError, TransportKind};

/// The client id of a pull that looks for a server, unless the options have one.
const CLIENT_ID: &str = "synctool-dry-run";

/// The server's answer to a dry run.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerCheck {
    /// Whether it answers.
    pub answers: bool,
    /// Whether it accepts the credentials; `None` when its answer does not say.
    pub accepts_token: Option<bool>,
}

/// The result of the check, and what follows from it for the plan.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) server: ServerCheck,
    /// The largest body that the server takes, in bytes, if it says so.
    pub(super) max_body: Option<u64>,
    /// Why an upload would fail there.
    pub(super) failure: Option<Failure>,
    /// A warning for a person.
    pub(super) warning: Option<String>,
    /// The id of its store, where it says one.
    pub(super) store_id: Option<String>,
    /// Its status; empty where it says none.
    pub(super) status: ServerStatus,
}

impl Checked {
    /// The server answers.
    fn answering(accepts_token: Option<bool>) -> Self {
        let server = ServerCheck { answers: true, accepts_token };
        Self {
            server,
            max_body: None,
            failure: None,
            warning: None,
            store_id: None,
            status: ServerStatus::default(),
        }
    }

    /// No sync server answers.
    fn missing(failure: Failure) -> Self {
        let server = ServerCheck { answers: false, accepts_token: None };
        Self { server, failure: Some(failure), ..Self::answering(None) }
    }

    /// The server refuses the credentials of a request to `path`.
    fn forbidden(message: &str, path: &str) -> Self {
        Self { failure: Some(Failure::forbidden(message, path)), ..Self::answering(Some(false)) }
    }
}

/// Asks a server for its status.
pub(super) async fn check(remote: &Remote, options: &Options) -> Checked {
    let error = match remote.status().await {
        Ok(status) => {
            let max_body = status.limits.body_bytes();
            let store_id = status.store_id.clone();
            return Checked { max_body, store_id, status, ..Checked::answering(Some(true)) };
        }
        Err(error) => error,
    };
    if let RequestError::Forbidden(body) = &error {
        return Checked::forbidden(&body.message, STATUS_PATH);
    }
    if error.kind() == Some(TransportKind::NoRoute) {
        return check_without_status(remote, options, error).await;
    }
    // A sync server can refuse the request for its status.
    let is_client_error = |status: u16| (400..500).contains(&status);
    match error.transport() {
        Some(transport) if !transport.status.is_some_and(is_client_error) => {
            Checked::missing(transport_failure("GET", remote.status_url(), error, STATUS_PATH))
        }
        _ => Checked::answering(None),
    }
}

/// The check of a server without a `status` route. A server may lack that route; a wrong base lacks all
/// routes. A pull distinguishes the two.
async fn check_without_status(remote: &Remote, options: &Options, missing: RequestError) -> Checked {
    let request = PullRequest {
        client_id: options.client_id.clone().unwrap_or_else(|| CLIENT_ID.to_owned()),
        cursor: Cursor::zero(),
        limit: 1,
        cursors: BTreeMap::new(),
        exclude_own_after: None,
        started_at: None,
    };
    let turn = remote.pace().turn().await;
    let Err(error) = remote.pull(turn, &request).await else { return Checked::answering(Some(true)) };
    if let RequestError::Forbidden(body) = &error {
        return Checked::forbidden(&body.message, PULL_PATH);
    }
    match error.transport() {
        Some(transport) if transport.kind == TransportKind::NoRoute => {}
        Some(transport) if transport.status.is_none() => {
            return Checked::missing(transport_failure("POST", remote.pull_url(), error, PULL_PATH));
        }
        _ => return Checked::answering(None),
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
        return Checked { warning: Some(warning), ..Checked::answering(None) };
    }
    let mut failure = transport_failure("GET", remote.status_url(), missing, STATUS_PATH);
    if let Some(base) = suggestion {
        mention(&mut failure, &base);
    }
    Checked::missing(failure)
}

/// The failure of a request that is not sent again.
fn transport_failure(method: &'static str, url: String, source: RequestError, path: &str) -> Failure {
    let (tries, elapsed, reason) = (1, Duration::ZERO, GaveUp::NotRetryable);
    Failure::transport(RetryError { method, url, tries, elapsed, reason, source }, path)
}
