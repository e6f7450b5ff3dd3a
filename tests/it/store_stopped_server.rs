//! A server that is stopped, or cut off from the network, in the middle of its work does not hold up the
//! others that share its store. How long a machine that is busy takes for a push is no matter of the
//! store: pushes to another store in the same database measure it.

use std::process::Command;
use std::time::Duration;

use tokio_postgres::Client;

use super::common::postgres::{Cluster, Host, Network, PostgresProxy};
use super::common::{Hot, ServeProcess, StoreServers, Traffic};

/// How long a push may wait because of a server that says nothing.
const HELD_UP: Duration = Duration::from_secs(2);

/// How long the server says nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a message takes between the server that is to be silent and the database, each way.
const WAY: Duration = Duration::from_millis(100);

/// That server's name in the database.
const SILENT: &str = "silent";

/// Three writers to as many servers, of which the first one is to be silent, and one to another store.
struct Measured {
    traffic: Traffic,
    control: Traffic,
}

impl Measured {
    fn start(servers: Vec<String>, control: Vec<String>) -> Self {
        Self {
            traffic: Traffic::start_with(servers, 3, 1, Hot::Shared),
            control: Traffic::start_with(control, 1, 0, Hot::Shared),
        }
    }

    /// Compares the slowest push through the servers that were not silent with the control's.
    async fn assert_was_not_held_up(self) {
        let (report, control) = (self.traffic.stop().await, self.control.stop().await);
        report.assert_complete().await;
        control.assert_complete().await;
        let (slowest, machine) = (report.slowest(1), control.slowest(0));
        eprintln!("slowest push {slowest:?}, of the control {machine:?}");
        assert!(slowest < HELD_UP + machine, "held up for {slowest:?}, and the control for {machine:?}");
    }
}

/// The URL of a server on a host, for this process.
fn reach(base: &str, host: &mut Host) -> String {
    let address = base.split('/').nth(2).unwrap();
    base.replace(address, &host.entrance_to(address.parse().unwrap()).to_string())
}

/// Stops a server that has a long way to the database, in a transaction that it has not finished.
async fn stop_in_a_transaction(server: &ServeProcess, database: &Client) {
    let waiting = "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE application_name = $1 AND state = 'idle in transaction'";
    let waits = async || database.query_one(waiting, &[&SILENT]).await.unwrap().get::<_, bool>(0);
    let stopped = async {
        loop {
            while !waits().await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            server.signal("STOP");
            // What it has sent before arrives.
            tokio::time::sleep(WAY * 2).await;
            if waits().await {
                return;
            }
            server.signal("CONT");
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), stopped).await.is_ok(), "no transaction to stop in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_in_a_transaction_does_not_hold_up_the_others() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = PostgresProxy::start(&cluster.database_url()).await;
    let mut servers = StoreServers::new(&cluster.database_url());
    servers.add_through(&format!("{}?application_name={SILENT}", proxy.url())).await;
    servers.add(&[]).await;
    servers.add(&[]).await;
    proxy.delay(WAY);
    let control = StoreServers::start(&cluster.database_url(), 1).await;
    let (silent, database) = (&servers.servers[0], cluster.client().await);
    let measured = Measured::start(servers.bases(), control.bases());
    stop_in_a_transaction(silent, &database).await;
    tokio::time::sleep(SILENCE).await;
    silent.signal("CONT");
    measured.traffic.progress(20).await;
    measured.assert_was_not_held_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_cut_off_from_the_database_does_not_hold_up_the_others() {
    let Some(network) = Network::new() else { return };
    let (mut here, mut there) = (network.host(), network.host());
    let Some(cluster) = Cluster::options().host(&here).start() else { return };
    let (mut servers, mut control) =
        (StoreServers::new(&cluster.database_url()), StoreServers::new(&cluster.database_url()));
    servers.add_in(&[], |command: Command| there.command(&command)).await;
    for _ in 0..2 {
        servers.add_in(&[], |command: Command| here.command(&command)).await;
    }
    control.add_in(&[], |command: Command| here.command(&command)).await;
    // The servers listen on their hosts' own 127.0.0.1.
    let bases = servers.bases();
    let reached =
        vec![reach(&bases[0], &mut there), reach(&bases[1], &mut here), reach(&bases[2], &mut here)];
    let measured = Measured::start(reached, vec![reach(&control.bases()[0], &mut here)]);
    measured.traffic.progress(20).await;
    there.cut();
    tokio::time::sleep(SILENCE).await;
    there.join();
    measured.traffic.progress(20).await;
    measured.assert_was_not_held_up().await;
}
