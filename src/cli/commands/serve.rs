//! `synctool serve`: the reference server, until a signal. The server itself is [`crate::server`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::ArgMatches;
use tokio::net::TcpListener;

use super::client;
use crate::cli::args::{LogFormat, ServeArgs};
use crate::cli::exit::SIGINT;
use crate::cli::resolve::{self, DEFAULT_LISTEN, ServeSettings};
use crate::cli::signals::Signals;
use crate::cli::{exit, output};
use crate::cloneup::Failure;
use crate::protocol::{ErrorBody, ROOT_PATH, code};
use crate::server::{NewStoreId, ServerState, serve};

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &ServeArgs, matches: &ArgMatches) -> Result<u8, Failure> {
    let log = Log { format: args.log_format.unwrap_or_default(), is_quiet: args.verbosity.quiet };
    match log.format {
        LogFormat::Text => output::start_diagnostics(args.verbosity),
        LogFormat::Json => output::start_json_diagnostics(args.verbosity, module_path!()),
    }
    let served =
        if args.new_store_id { new_store_id(args, matches) } else { serve_until_signal(args, matches, log) };
    match served {
        Err(failure) if log.format == LogFormat::Json => {
            let ErrorBody { code, message, path } = failure.body();
            tracing::error!(code, path, "{message}");
            Ok(exit::status(Some(failure.kind), SIGINT))
        }
        served => served,
    }
}

/// Serves until a signal.
fn serve_until_signal(args: &ServeArgs, matches: &ArgMatches, log: Log) -> Result<u8, Failure> {
    let settings = resolve::serve(args, matches)?;
    client::block_on(&runtime()?, listen_and_serve(settings, log))?;
    Ok(exit::SUCCESS)
}

/// Gives the store a new id.
fn new_store_id(args: &ServeArgs, matches: &ArgMatches) -> Result<u8, Failure> {
    let renewed = client::block_on(&runtime()?, crate::server::new_store_id(resolve::store(args, matches)?));
    let NewStoreId { before, after } = renewed.map_err(|error| Failure::storage(error.to_string()))?;
    let line = format!("the store has the id {after} now; it was {before}");
    Ok(output::text(&[line], exit::SUCCESS))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| no_server(format!("cannot start: {error}")))
}

/// How the server says what it does.
#[derive(Debug, Clone, Copy)]
struct Log {
    format: LogFormat,
    is_quiet: bool,
}

impl Log {
    /// The server can be reached, by clients and by a browser.
    fn listening(self, address: SocketAddr) {
        let (url, page) = (format!("http://{address}/datafn"), format!("http://{}/", reachable(address)));
        match self.format {
            LogFormat::Text if self.is_quiet => {}
            LogFormat::Text => {
                output::line(&format!("listening on {url}"));
                output::line(&format!("what arrives is shown at {page}"));
            }
            LogFormat::Json => tracing::info!(url, page, "listening"),
        }
    }
}

async fn listen_and_serve(settings: ServeSettings, log: Log) -> Result<(), Failure> {
    let ServeSettings { listen, config, shutdown_delay } = settings;
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
    log.listening(address);
    let ready = state.clone();
    let shutdown = async move {
        signals.first().await;
        ready.announce_shutdown();
        tokio::time::sleep(shutdown_delay).await;
    };
    serve(listener, shutdown, state).await;
    Ok(())
}

/// An address that a browser on this machine can open: this machine's own one for all addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
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
