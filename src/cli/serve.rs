//! `synctool serve`: the reference server, until a signal.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use tokio::net::TcpListener;

use super::args::ServeArgs;
use super::output::Hints;
use super::resolve;
use super::signals::SIGINT;
use super::signals::Signals;
use super::{exit, output, units};
use crate::cloneup::Failure;
use crate::protocol::{ErrorBody, ROOT_PATH, code};
use crate::server::{Limits, ServerConfig, ServerState, serve};

/// Loopback, so that nobody else gets in unless that was asked for.
const DEFAULT_LISTEN: &str = "127.0.0.1:4400";

/// In the working directory, where a person finds it again.
const DEFAULT_DATA: &str = "synctool-server.db";

fn usage(message: impl Into<String>) -> Failure {
    Failure::usage(message, ROOT_PATH)
}

fn no_listener(message: String) -> Failure {
    Failure::remote(ErrorBody::new(code::TRANSPORT_ERROR, message, ROOT_PATH))
}

/// Runs the subcommand.
pub(super) fn run(args: &ServeArgs, matches: &ArgMatches) -> u8 {
    output::start_diagnostics(args.verbosity.quiet, args.verbosity.verbose);
    match listen_and_serve(args, matches) {
        Ok(()) => exit::SUCCESS,
        Err(failure) => {
            let status = exit::status(Some(failure.kind), SIGINT);
            output::failures(&[failure], Hints::Left);
            status
        }
    }
}

fn listen_and_serve(args: &ServeArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let config = config(args, matches)?;
    let listen = args.listen.as_deref().unwrap_or(DEFAULT_LISTEN);
    let has_token = config.token.is_some();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| no_listener(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        // Before anything is opened, so that a signal during it is not lost.
        let signals = Signals::listen();
        let addresses = addresses(listen).await?;
        if !has_token && addresses.iter().any(|address| !address.ip().is_loopback()) {
            return Err(usage(format!(
                "{listen} can be reached by others: set a token with --token-file or SYNCTOOL_TOKEN, \
                 or listen on {DEFAULT_LISTEN}"
            )));
        }
        let state = ServerState::open(config).map_err(|error| Failure::storage(error.to_string()))?;
        let failed = |error: std::io::Error| {
            no_listener(format!("cannot listen on {listen}: {error}; --listen names another address"))
        };
        let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if !args.verbosity.quiet {
            output::line(&format!("listening on http://{address}/datafn"));
        }
        let shutdown = async move {
            signals.first().await;
        };
        serve(listener, shutdown, state).await;
        Ok(())
    })
}

async fn addresses(listen: &str) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host(listen).await;
    let found: Vec<_> = found
        .map_err(|error| usage(format!("--listen {listen}: {error}; it must look like {DEFAULT_LISTEN}")))?
        .collect();
    Ok(found)
}

fn config(args: &ServeArgs, matches: &ArgMatches) -> Result<ServerConfig, Failure> {
    let is_flag = matches.value_source("token_file") == Some(ValueSource::CommandLine);
    let token = resolve::token(args.token_file.as_deref(), None, is_flag)?;
    let path = args.schema.as_deref().filter(|path| !path.as_os_str().is_empty());
    let Some(path) = path else {
        return Err(usage("the server needs a schema: name one with --schema or SYNCTOOL_SCHEMA"));
    };
    let schema = resolve::schema(Some(path), || Ok(None))?;
    let mut limits = Limits::default();
    if let Some(text) = &args.max_mutations {
        limits.max_mutations = text
            .trim()
            .parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| usage("--max-mutations must be a positive integer"))?;
    }
    if let Some(text) = &args.max_rate {
        let rate = text.trim().parse().ok().filter(|number| *number > 0);
        limits.max_requests_per_second =
            Some(rate.ok_or_else(|| usage("--max-rate must be a positive integer"))?);
    }
    if let Some(text) = &args.max_body {
        limits.max_body_bytes = units::size(text).map_err(|what| usage(format!("--max-body {what}")))?;
    }
    let data: PathBuf = args.data.clone().unwrap_or_else(|| Path::new(DEFAULT_DATA).to_owned());
    Ok(ServerConfig { schema, data, token, limits })
}
