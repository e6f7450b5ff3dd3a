//! Followers of the feed that several servers of one store write (contract 3.4): a change that commits
//! late is missed by none, in whatever order transactions began. Not what happens while a server or the
//! database fails (`store_crashes`).

use super::common::postgres::Cluster;
use super::common::{Hot, Report, StoreServers, Traffic};

/// A server that waits between the writing of its items and the counter.
const LATE: (&str, &str) = ("SYNCTOOL_FAILPOINT_PAUSE", "before-counter:150");

/// Traffic to two servers, and to one more that is started with variables.
async fn follow(cluster: &Cluster, environment: &[(&str, &str)]) -> (StoreServers, Report) {
    let mut servers = StoreServers::start(&cluster.database_url(), 2).await;
    servers.add(environment).await;
    // Records that others change at the same time would be locked, and then the writers are in turn.
    let traffic = Traffic::start_with(servers.bases(), 4, 2, Hot::Apart);
    traffic.progress(60).await;
    (servers, traffic.stop().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_of_several_servers_miss_no_change_that_commits_late() {
    let Some(cluster) = Cluster::shared() else { return };
    let (_servers, report) = follow(cluster, &[LATE]).await;
    report.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_taken_without_its_lock_is_noticed() {
    let Some(cluster) = Cluster::shared() else { return };
    let mutant = ("SYNCTOOL_FAILPOINT_MUTANT", "counter-without-lock");
    let (_servers, report) = follow(cluster, &[LATE, mutant]).await;
    let problems = report.problems().await;
    assert!(problems.iter().any(|problem| problem.contains("missed")), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_that_is_removed_from_the_store_is_noticed() {
    let Some(cluster) = Cluster::shared() else { return };
    let servers = StoreServers::start(&cluster.database_url(), 2).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(10).await;
    let report = traffic.stop().await;
    report.assert_complete().await;
    let item = format!("{}.item", servers.schema());
    let client = cluster.client().await;
    client.batch_execute(&format!("DELETE FROM {item} WHERE id = '2-000000'")).await.unwrap();
    assert_eq!(report.problems().await, ["2-000000 is lost, or unknown"]);
    client.batch_execute(&format!("UPDATE {item} SET document = '{{}}' WHERE id = 'hot-1'")).await.unwrap();
    assert_eq!(report.problems().await.len(), 1 + 4, "the fields of four writers");
}
