//! `synctool serve`: the reference server, until a signal. The server itself is [`crate::server`].

use std::net::SocketAddr;

use clap::ArgMatches;
use tokio::net::TcpListener;

use crate::cli::args::ServeArgs;
use crate::cli::resolve::{self, DEFAULT_LISTEN, ServeSettings};
use crate::cli::signals::Signals;
use crate::cli::{exit, output};
use crate::cloneup::Failure;
use crate::protocol::{ErrorBody, ROOT_PATH, code};
use crate::server::{ServerState, serve};

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &ServeArgs, matches: &ArgMatches) -> Result<u8, Failure> {
    output::start_diagnostics(args.verbosity);
    let settings = resolve::serve(args, matches)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| no_server(format!("cannot start: {error}")))?;
    runtime.block_on(listen_and_serve(settings, args.verbosity.quiet))?;
    Ok(exit::SUCCESS)
}

async fn listen_and_serve(settings: ServeSettings, is_quiet: bool) -> Result<(), Failure> {
    let ServeSettings { listen, config } = settings;
    // Before anything is opened, so that a signal during it is not lost.
    let signals = Signals::listen();
    let addresses = addresses(&listen).await?;
    if config.token.is_none() && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(usage(format!(
            "{listen} can be reached by other machines: set a token with --token-file or SYNCTOOL_TOKEN, \
             or listen on {DEFAULT_LISTEN}"
        )));
    }
    let state = tokio::select! {
        opened = ServerState::open(config) => opened.map_err(|error| Failure::storage(error.to_string()))?,
        // A database that cannot be reached is waited for.
        _ = signals.first() => return Ok(()),
    };
    let failed = |error: std::io::Error| {
        no_server(format!("cannot listen on {listen}: {error}; --listen names another address"))
    };
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !is_quiet {
        output::line(&format!("listening on http://{address}/datafn"));
    }
    let shutdown = async move {
        signals.first().await;
    };
    serve(listener, shutdown, state).await;
    Ok(())
}

/// The addresses of a host name or an IP address with a port.
async fn addresses(listen: &str) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host(listen).await;
    let found = found
        .map_err(|error| usage(format!("--listen {listen}: {error}; it must look like {DEFAULT_LISTEN}")))?;
    Ok(found.collect())
}

fn usage(message: String) -> Failure {
    Failure::usage(message, ROOT_PATH)
}

/// The server cannot be reached, because it does not listen.
fn no_server(message: String) -> Failure {
    Failure::remote(ErrorBody::new(code::TRANSPORT_ERROR, message, ROOT_PATH))
}
