//! The proxy: `--proxy`, `--no-proxy`, or what the environment names (contract 3.10). Which proxy that is,
//! is decided in [`crate::remote`].

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::problems::Problems;
use super::switch::set_switch;
use crate::cli::args::Target;
use crate::remote::ProxySetting;
use crate::secret::Secret;

/// The setting.
pub(super) fn proxy(target: &Target, matches: &ArgMatches, problems: &mut Problems) -> ProxySetting {
    let url = target.proxy.as_deref().map(str::trim).filter(|url| !url.is_empty());
    // A configuration file turns it off as every switch: `proxy = false`.
    let mut is_on = url != Some("false");
    set_switch(&mut is_on, matches, "proxy", None, target.no_proxy);
    match url {
        _ if !is_on => ProxySetting::Direct,
        None | Some("true") => ProxySetting::Environment,
        Some(url) => {
            let is_typed = matches.value_source("proxy") == Some(ValueSource::CommandLine);
            if is_typed && url.contains('@') {
                problems
                    .warn("other users of this machine can see the password in --proxy; use SYNCTOOL_PROXY");
            }
            ProxySetting::Url(Secret::new(url))
        }
    }
}
