//! Which files the reference server opens as its store (contract 4). Not what it stores in them
//! (`serve_mutations`).

use super::common::open_store;

#[tokio::test]
async fn a_database_of_another_program_is_refused_as_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let error = open_store(&path).await.err().unwrap();
    assert!(error.contains("another program's database"), "{error}");
    assert!(!folder.path().join("app.db-lock").exists());
}

#[tokio::test]
async fn a_store_is_opened_by_one_server_at_a_time_under_any_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.db");
    let first = open_store(&path).await.unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&path, folder.path().join("link.db")).unwrap();
    for name in [
        path.clone(),
        folder.path().join(".").join("server.db"),
        #[cfg(unix)]
        folder.path().join("link.db"),
    ] {
        let error = open_store(&name).await.err().unwrap();
        for part in ["another server", "server.db-lock", "--data"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    drop(first);
    assert!(open_store(&path).await.is_ok());
}
