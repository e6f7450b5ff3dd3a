//! Backups of a store in SQLite while the server runs, and what happens to clients when one is restored, as
//! `docs/operations.md` describes it. Not the file itself (`serve_store`).

use rusqlite::Connection;
use serde_json::json;

use super::common::{SCHEMA, TestServer, clone, cloneup, database, mutation, push, status, stderr, synctool};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_has_everything_acknowledged_before() {
    let server = TestServer::start(SCHEMA).await;
    let folder = tempfile::tempdir().unwrap();
    let (vacuumed, copied) = (folder.path().join("vacuumed.db"), folder.path().join("copied.db"));
    let pushes = async |names: std::ops::Range<usize>| {
        for name in names {
            let name = name.to_string();
            push(&server, &[mutation(&name, &json!({"id": name}))]).await;
        }
    };
    pushes(0..20).await;
    let store = server.data();
    let target = vacuumed.to_str().unwrap().to_owned();
    let copy = copied.clone();
    let backing_up = tokio::task::spawn_blocking(move || {
        let store = Connection::open(store).unwrap();
        // `sqlite3 server.db "VACUUM INTO 'backup.db'"` and `sqlite3 server.db ".backup backup.db"`.
        store.execute("VACUUM INTO ?1", [target]).unwrap();
        store.backup("main", copy, None::<fn(rusqlite::backup::Progress)>).unwrap();
    });
    let (done, ()) = tokio::join!(backing_up, pushes(20..60));
    done.unwrap();
    for backup in [vacuumed, copied] {
        let restored = TestServer::start_on_copy(SCHEMA, &backup).await;
        assert_eq!(restored.status().await["storeId"], server.status().await["storeId"]);
        let tags = clone(&restored).await["data"]["tags"].as_array().unwrap().len();
        assert!((20..=60).contains(&tags), "{tags}");
        assert_eq!(restored.status().await["cursor"], tags.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_new_store_id_clients_miss_nothing_of_a_restored_store() {
    let mut server = TestServer::start(SCHEMA).await;
    let offline = database();
    push(&server, &[mutation("1", &json!({"id": "old"}))]).await;
    let backup = offline.folder().join("backup.db");
    Connection::open(server.data())
        .unwrap()
        .backup("main", &backup, None::<fn(rusqlite::backup::Progress)>)
        .unwrap();
    push(&server, &[mutation("2", &json!({"id": "lost"})), mutation("3", &json!({"id": "lost, too"}))]).await;
    assert_eq!(status(&cloneup(&offline, server.base(), &[]).await), 0);
    let cursor = offline.cursor("__global_cursor__").unwrap();
    server.stop().await;
    std::fs::copy(&backup, server.data()).unwrap();

    let path = server.data().to_str().unwrap().to_owned();
    let output = synctool(&offline).args(["serve", "--new-store-id", "--data", &path]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    server.start_again(synctool::server::Retention::default()).await;
    let id = server.status().await["storeId"].as_str().unwrap().to_owned();
    assert!(printed.starts_with(&format!("the store has the id {id} now; it was ")), "{printed}");

    // Steps that the client has seen are taken again, by other changes.
    push(&server, &[mutation("4", &json!({"id": "new"}))]).await;
    assert!(server.status().await["cursor"].as_str().unwrap() < cursor.as_str());
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("has synchronized with another server"), "{}", stderr(&output));
    let ids = offline.column("SELECT id FROM tags ORDER BY id");
    assert_eq!(ids, ["g", "h", "lost", "lost, too", "new", "old"]);
    // The client has brought back what it had of the lost changes.
    assert_eq!(clone(&server).await["data"]["tags"].as_array().unwrap().len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_store_that_no_server_uses_gets_a_new_id() {
    let server = TestServer::start(SCHEMA).await;
    let offline = database();
    for (path, part) in [
        (server.data().to_str().unwrap(), "another server is using it"),
        ("none.db", "it does not exist"),
        ("app.db", "another program's database"),
    ] {
        let output = synctool(&offline).args(["serve", "--new-store-id", "--data", path]).output().unwrap();
        assert_eq!(status(&output), 3, "{path}");
        assert!(stderr(&output).contains(part), "{path}: {}", stderr(&output));
    }
    assert!(!offline.folder().join("none.db").exists());
}
