//! Requests whose route does not exist (contract 3.3): adds the base URL that was probably meant to their
//! failures. That a route is missing is decided in [`crate::remote`].

use super::failure::{Cause, Failure};
use crate::remote::{Remote, TransportKind};

/// Adds the base that was probably meant to failures of requests to `path` whose route is missing.
/// Sends nothing where there are none.
pub(super) async fn suggest_base(remote: &Remote, failures: &mut [Failure], path: &str) {
    let is_missing = |failure: &&mut Failure| failure.body().path == path && is_missing_route(failure);
    let mut failures = failures.iter_mut().filter(is_missing).peekable();
    if failures.peek().is_none() {
        return;
    }
    if let Some(base) = remote.suggest_base().await {
        failures.for_each(|failure| mention(failure, &base));
    }
}

/// Adds a base to the message of a failure.
pub(super) fn mention(failure: &mut Failure, base: &str) {
    let message = &mut failure.error.body.message;
    *message = format!("{message}; a sync server answers at {base}: did you mean that?");
}

fn is_missing_route(failure: &Failure) -> bool {
    matches!(&failure.cause, Some(Cause::Request(error)) if error.kind() == Some(TransportKind::NoRoute))
}
