//! The settings of `synctool serve`. The flags are in `args/serve.rs`; the server itself is
//! [`crate::server`].

#[cfg(not(feature = "postgres"))]
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;

use super::schema::schema;
use super::token::token;
use crate::cli::args::ServeArgs;
use crate::cli::values;
use crate::cloneup::Failure;
use crate::protocol::ROOT_PATH;
use crate::server::{Limits, Retention, ServerConfig, StoreLocation};

/// The default of `--listen`: loopback, so that no other machine has access unless it is asked for.
pub(in crate::cli) const DEFAULT_LISTEN: &str = "127.0.0.1:4400";

/// The default of `--data`: in the working directory, where a person finds it again.
pub(in crate::cli) const DEFAULT_DATA: &str = "synctool-server.db";

/// The default of `--shutdown-delay`: none, because most servers have no load balancer before them.
pub(in crate::cli) const DEFAULT_SHUTDOWN_DELAY: Duration = Duration::ZERO;

/// Everything that the flags of the server decide.
#[derive(Debug)]
pub(in crate::cli) struct ServeSettings {
    /// The address as it was typed; a host name is looked up later.
    pub(in crate::cli) listen: String,
    pub(in crate::cli) config: ServerConfig,
    /// How long the server goes on after the signal that ends it.
    pub(in crate::cli) shutdown_delay: Duration,
}

/// The settings, or the first problem of the flags.
pub(in crate::cli) fn serve(args: &ServeArgs, matches: &ArgMatches) -> Result<ServeSettings, Failure> {
    let token = token(args.token_file.as_deref(), None, matches).map_err(|error| usage(error.to_string()))?;
    let path = args.schema.as_deref().filter(|path| !path.as_os_str().is_empty());
    let path =
        path.ok_or_else(|| usage("the server needs a schema: name one with --schema or SYNCTOOL_SCHEMA"))?;
    let schema = schema(Some(path), || Ok(None))?;
    let (limits, retention) = (limits(args)?, retention(args)?);
    let shutdown_delay = args.shutdown_delay.as_deref().map_or(Ok(DEFAULT_SHUTDOWN_DELAY), values::duration);
    let shutdown_delay = shutdown_delay.map_err(|what| usage(format!("--shutdown-delay {what}")))?;
    let listen = args.listen.clone().unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    Ok(ServeSettings {
        listen,
        config: ServerConfig { schema, store: store(args, matches)?, token, limits, retention },
        shutdown_delay,
    })
}

/// Where the store is.
#[cfg(feature = "postgres")]
pub(in crate::cli) fn store(args: &ServeArgs, matches: &ArgMatches) -> Result<StoreLocation, Failure> {
    super::database::location(args.data.as_deref(), &args.database, matches)
}

/// Where the store is.
#[cfg(not(feature = "postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "a database may be named in a way that cannot be used")]
pub(in crate::cli) fn store(args: &ServeArgs, _: &ArgMatches) -> Result<StoreLocation, Failure> {
    Ok(StoreLocation::File(args.data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))))
}

fn retention(args: &ServeArgs) -> Result<Retention, Failure> {
    let age = |text: &Option<String>, flag: &str| {
        let age = text.as_deref().map(values::age).transpose();
        age.map_err(|what| usage(format!("{flag} {what}")))
    };
    Ok(Retention {
        mutations: age(&args.forget_mutations, "--forget-mutations")?,
        deletes: age(&args.forget_deletes, "--forget-deletes")?,
    })
}

fn limits(args: &ServeArgs) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    if let Some(text) = &args.max_mutations {
        let number = values::positive::<std::num::NonZeroUsize>(text);
        limits.max_mutations = number.map_err(|what| usage(format!("--max-mutations {what}")))?.get();
    }
    if let Some(text) = &args.max_rate {
        let number = values::positive::<std::num::NonZeroU32>(text);
        limits.max_requests_per_second =
            Some(number.map_err(|what| usage(format!("--max-rate {what}")))?.get());
    }
    if let Some(text) = &args.max_body {
        limits.max_body_bytes = values::size(text).map_err(|what| usage(format!("--max-body {what}")))?.get();
    }
    Ok(limits)
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::usage(message, ROOT_PATH)
}
