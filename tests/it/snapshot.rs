//! The upload reads one state of the database while the application continues to write
//! (contract 3.1, step 2). Not what happens to the changes afterwards (`finalize`).

use synctool::cloneup::Event;

use super::common::Rig;

#[tokio::test]
async fn writes_during_the_upload_are_neither_blocked_nor_uploaded() {
    for journal in ["delete", "wal"] {
        let rows = "INSERT INTO projects VALUES ('p', 'P'); INSERT INTO tags (id) VALUES ('a')";
        let mut rig = Rig::new(rows).await;
        rig.offline.execute(&format!("PRAGMA journal_mode = {journal}"));
        rig.batch_size(1);
        let path = rig.offline.path();
        let outcome = rig
            .run_and(|event| {
                if let Event::PartStarted { part: 0, .. } = event {
                    let connection = rusqlite::Connection::open(&path).unwrap();
                    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
                    let sql = "UPDATE projects SET name = 'new'; INSERT INTO tags (id) VALUES ('b')";
                    connection.execute_batch(sql).expect("the application is not blocked");
                }
            })
            .await;
        assert!(outcome.ok, "{outcome:?}");
        assert_eq!(rig.server.subjects(), ["projects/p", "tags/a"], "{journal}");
        assert_eq!(rig.server.mutations()[0]["record"]["name"], "P", "{journal}");
    }
}

#[tokio::test]
async fn a_locked_database_is_named_in_the_error() {
    let mut rig = Rig::new("INSERT INTO tags (id) VALUES ('a')").await;
    let holder = rig.offline.connect();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let result = tokio::task::spawn_blocking({
        let path = rig.offline.path();
        move || synctool::offline::Database::open(&path).map(|_| ())
    })
    .await
    .unwrap();
    let message = result.unwrap_err().to_string();
    assert!(message.contains("locked") && message.contains("app.db"), "{message}");
    drop(holder);
    rig.succeed().await;
}
