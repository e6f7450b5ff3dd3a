//! A network: hosts reach each other unless one is cut off, and this process reaches all of them.

use std::process::Stdio;
use std::time::Duration;

use super::super::common::postgres::{Network, Replication};
use super::{connect, options, text};

#[tokio::test]
async fn a_host_that_is_cut_off_is_reached_by_this_process_alone() {
    let Some(network) = Network::new() else { return };
    let (mut server, client) = (network.host(), network.host());
    let Some(cluster) = options().host(&server).start() else { return };
    assert!(cluster.database_url().contains(server.address()));
    let connects = |seconds: &str| {
        let mut psql = cluster.program("psql");
        psql.args(["-X", "-c", "SELECT 1", &cluster.database_url()]).env("PGCONNECT_TIMEOUT", seconds);
        client.command(&psql).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(connects("60"));
    let entrance = server.entrance(cluster.address().port()).to_string();
    let url = cluster.database_url().replace(&cluster.address().to_string(), &entrance);
    let outside = connect(&url).await.unwrap();
    server.cut();
    assert!(!connects("2"));
    assert_eq!(text(&outside, "SELECT 'inside'").await.unwrap(), "inside");
    server.join();
    assert!(connects("60"));
}

#[tokio::test]
async fn a_partition_stops_a_connection_and_its_end_lets_it_go_on() {
    let Some(network) = Network::new() else { return };
    let (server, mut client) = (network.host(), network.host());
    let Some(cluster) = options().host(&server).start() else { return };
    let route = client.entrance_to(cluster.address()).to_string();
    let url = cluster.database_url().replace(&cluster.address().to_string(), &route);
    let connection = connect(&url).await.unwrap();
    client.cut();
    let answer = text(&connection, "SELECT 'late'");
    tokio::pin!(answer);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut answer).await.is_err());
    client.join();
    assert_eq!(answer.await.unwrap(), "late");
}

#[tokio::test]
async fn a_partition_cuts_a_synchronous_standby_from_its_primary() {
    let Some(network) = Network::new() else { return };
    let (here, there) = (network.host(), network.host());
    let Some(primary) = options().host(&here).start() else { return };
    let standby = primary.standby(&options().host(&there), Replication::Synchronous).await;
    assert!(standby.database_url().contains(there.address()));
    there.cut();
    let client = primary.client().await;
    let commit = client.batch_execute("CREATE TABLE late ()");
    tokio::pin!(commit);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut commit).await.is_err());
    there.join();
    commit.await.unwrap();
}
