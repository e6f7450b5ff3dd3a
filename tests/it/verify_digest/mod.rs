//! `verify` through the extension `sync.digest` (contract 3.8 and 3.9): the same answer as by the feed, few
//! bytes, and servers that lie.

mod lies;
mod same_answer;
mod size;
mod told;

use std::process::Output;

use super::common::{CountingRelay, Offline, TestServer, cloneup, status, stderr, synctool};

/// Runs `verify` against a server.
async fn verify(offline: &Offline, base: &str, arguments: &[&str]) -> Output {
    let mut command = synctool(offline);
    command.env("SYNCTOOL_RETRY_DELAY", "1ms").args(["verify", "--db", "app.db", "--remote", base]);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A database that a server has exactly.
async fn uploaded(server: &TestServer, offline: &Offline) {
    let output = cloneup(offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

/// Two relays in front of a server: one passes the capability on, the other leaves it out.
async fn both_ways(server: &TestServer) -> [CountingRelay; 2] {
    [
        CountingRelay::start(server.base(), &[]).await,
        CountingRelay::start(server.base(), &["sync.digest"]).await,
    ]
}
