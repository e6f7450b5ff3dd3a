//! The server and how it is reached: URL, headers, token, timeouts, retries.

use clap::ArgMatches;

use super::headers::headers;
use super::problems::Problems;
use super::token::token;
use crate::cli::args::{Network, Target};
use crate::cli::values;
use crate::remote::RemoteConfig;

/// The configuration of the client for the server at `base`, without compression, which only an upload
/// has.
pub(super) fn remote(
    target: &Target,
    network: &Network,
    matches: &ArgMatches,
    base: String,
    problems: &mut Problems,
) -> RemoteConfig {
    let defaults = RemoteConfig::new(base);
    let headers = headers(target, matches, problems);
    let token = token(target.token_file.as_deref(), target.token_command.as_deref(), matches);
    let token = token.unwrap_or_else(|error| {
        problems.invalid(&error, error.path());
        None
    });
    let timeout = problems.parsed("timeout", network.timeout.as_deref(), values::timeout, defaults.timeout);
    let connect_timeout = problems.parsed(
        "connectTimeout",
        network.connect_timeout.as_deref(),
        values::timeout,
        defaults.connect_timeout,
    );
    let retry_delay =
        problems.parsed("retryDelay", network.retry_delay.as_deref(), values::duration, defaults.retry_delay);
    let retry_max_delay = problems.parsed(
        "retryMaxDelay",
        network.retry_max_delay.as_deref(),
        values::duration,
        defaults.retry_max_delay,
    );
    RemoteConfig {
        headers,
        token,
        timeout,
        connect_timeout,
        retry_delay,
        retry_max_delay,
        ca_cert: target.ca_cert.clone(),
        ..defaults
    }
}
