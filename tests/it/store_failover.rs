//! The database fails over to a standby while writers never pause: with a synchronous standby nothing that
//! was acknowledged is lost, and no cursor goes back; with an asynchronous one the check of these tests
//! notices what is lost.

use super::common::postgres::{Cluster, Replication};
use super::common::{StoreServers, Traffic};

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_synchronous_standby_has_everything_that_was_acknowledged() {
    // A commit counts when a reader of the standby sees it.
    let options = Cluster::options().setting("synchronous_commit", "remote_apply");
    let Some(mut primary) = options.start() else { return };
    let standby = primary.standby(&Cluster::options(), Replication::Synchronous).await;
    let servers = StoreServers::start(&primary.failover_url(&standby), 2).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(30).await;
    // The new primary must not wait for a standby of its own.
    primary.stop_immediately();
    standby.configure("synchronous_standby_names", "").await;
    standby.promote().await;
    traffic.progress(30).await;
    traffic.stop().await.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_asynchronous_standby_lacks_is_noticed() {
    let Some(mut primary) = Cluster::options().start() else { return };
    let standby = primary.standby(&Cluster::options(), Replication::Asynchronous).await;
    let servers = StoreServers::start(&primary.failover_url(&standby), 2).await;
    let traffic = Traffic::start(servers.bases());
    traffic.progress(20).await;
    standby.stop_receiving().await;
    traffic.progress(20).await;
    primary.stop_immediately();
    standby.promote().await;
    traffic.progress(5).await;
    let problems = traffic.stop().await.problems().await;
    assert!(problems.iter().any(|problem| problem.contains("is lost")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("the sequence ends at")), "{problems:?}");
}
