//! Standbys: a synchronous one has every acknowledged commit, an asynchronous one may lack some.

use std::time::Duration;

use super::super::common::postgres::Replication;
use super::{connect, options, text};

#[tokio::test]
async fn a_promoted_synchronous_standby_has_every_commit_and_takes_writes() {
    let applied = options().setting("synchronous_commit", "remote_apply");
    let Some(mut primary) = applied.start() else { return };
    let standby = primary.standby(&options(), Replication::Synchronous).await;
    let client = primary.client().await;
    client.batch_execute("CREATE TABLE kept AS SELECT 7 AS number").await.unwrap();
    let replica = connect(&standby.database_url()).await.unwrap();
    assert_eq!(text(&replica, "SELECT number FROM kept").await.unwrap(), "7");
    let url = primary.failover_url(&standby);
    assert_eq!(
        text(&connect(&url).await.unwrap(), "SHOW port").await.unwrap(),
        primary.address().port().to_string()
    );
    primary.stop_immediately();
    assert!(connect(&url).await.is_err(), "a standby takes no writes");
    standby.promote().await;
    let client = connect(&url).await.unwrap();
    client.batch_execute("INSERT INTO kept VALUES (8)").await.unwrap();
    assert_eq!(text(&client, "SELECT sum(number) FROM kept").await.unwrap(), "15");
}

#[tokio::test]
async fn a_commit_waits_for_the_synchronous_standby() {
    let Some(primary) = options().start() else { return };
    let mut standby = primary.standby(&options(), Replication::Synchronous).await;
    standby.pause();
    let client = primary.client().await;
    let commit = client.batch_execute("CREATE TABLE late ()");
    tokio::pin!(commit);
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut commit).await.is_err());
    standby.resume();
    commit.await.unwrap();
}

#[tokio::test]
async fn an_asynchronous_standby_that_fell_behind_lacks_an_acknowledged_commit() {
    let Some(mut primary) = options().start() else { return };
    let standby = primary.standby(&options(), Replication::Asynchronous).await;
    standby.stop_receiving().await;
    primary.client().await.batch_execute("CREATE TABLE lost ()").await.unwrap();
    primary.stop_immediately();
    standby.promote().await;
    let found = text(&standby.client().await, "SELECT to_regclass('lost') IS NULL").await.unwrap();
    assert_eq!(found, "t");
}
