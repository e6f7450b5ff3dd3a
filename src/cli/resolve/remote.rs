//! The server and how it is reached: URL, headers, token, certificates, proxy, timeouts, retries, pace. The
//! HTTP client is made of them in [`crate::remote`].

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use super::headers::headers;
use super::problems::Problems;
use super::proxy::proxy;
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
    let mut config = RemoteConfig::new(base);
    config.headers = headers(target, matches, problems);
    match token(target.token_file.as_deref(), target.token_command.as_deref(), matches) {
        Ok(token) => config.token = token,
        Err(error) => problems.invalid(&error, error.path()),
    }
    config.ca_cert.clone_from(&target.ca_cert);
    let file = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
    (config.client_cert, config.client_key) = (file(&target.client_cert), file(&target.client_key));
    if config.has_useless_certificate() {
        problems.warn("the client certificate is not used over plain http; use https");
    }
    config.proxy = proxy(target, matches, problems);
    let Network { timeout, connect_timeout, retry_delay, retry_max_delay, max_rate, max_bandwidth, .. } =
        network;
    let some_rate = |text: &str| values::rate(text).map(Some);
    problems.set(&mut config.max_rate, "maxRate", max_rate.as_deref(), some_rate);
    let some_size = |text: &str| values::size(text).map(Some);
    problems.set(&mut config.max_bandwidth, "maxBandwidth", max_bandwidth.as_deref(), some_size);
    let mut set = |setting, path, text: &Option<String>, parse: fn(&str) -> Result<Duration, String>| {
        problems.set(setting, path, text.as_deref(), parse);
    };
    set(&mut config.timeout, "timeout", timeout, values::timeout);
    set(&mut config.connect_timeout, "connectTimeout", connect_timeout, values::timeout);
    set(&mut config.retry_delay, "retryDelay", retry_delay, values::duration);
    set(&mut config.retry_max_delay, "retryMaxDelay", retry_max_delay, values::duration);
    config
}
