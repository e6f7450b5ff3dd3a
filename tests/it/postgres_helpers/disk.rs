//! A full disk: statements fail, or the server crashes, and it goes on when there is room again.

use super::super::common::postgres::SmallDisk;
use super::{connect, options};

const GROW: &str = "INSERT INTO grown SELECT repeat('x', 1000) FROM generate_series(1, 2000)";

#[tokio::test]
async fn a_full_disk_for_the_data_fails_a_statement_until_it_has_room() {
    let Some(cluster) = options().disk(SmallDisk::Data).start() else { return };
    let client = connect(&cluster.database_url()).await.unwrap();
    client.batch_execute("CREATE TABLE grown (text text)").await.unwrap();
    client.batch_execute(GROW).await.unwrap();
    cluster.fill_disk();
    let error = client.batch_execute(GROW).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "53100", "{error:?}");
    cluster.free_disk();
    client.batch_execute(GROW).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_for_the_log_crashes_the_server_which_recovers_when_it_has_room() {
    let Some(mut cluster) = options().disk(SmallDisk::DataAndLog).start() else { return };
    let url = cluster.database_url();
    let client = connect(&url).await.unwrap();
    // Its changes are in the log alone, as a table of this size stays in memory.
    client.batch_execute("CREATE TABLE grown (number int)").await.unwrap();
    client.batch_execute("INSERT INTO grown VALUES (0)").await.unwrap();
    cluster.fill_disk();
    let mut updates = 0;
    while client.batch_execute("UPDATE grown SET number = number + 1").await.is_ok() {
        updates += 1;
        if updates % 100 == 0 {
            client.batch_execute("SELECT pg_switch_wal()").await.ok();
        }
        assert!(updates < 100_000, "{}", cluster.log());
    }
    cluster.free_disk();
    // It may have ended, or be in the middle of its recovery.
    cluster.stop_immediately();
    cluster.restart();
    let client = connect(&url).await.unwrap();
    let number: i32 = client.query_one("SELECT number FROM grown", &[]).await.unwrap().get(0);
    assert!(number >= updates, "{number} of {updates}");
    assert!(cluster.log().contains("PANIC"), "{}", cluster.log());
}
