//! `synctool serve` as a process: its first line, its signals and its exit status (contract 4).
//! Not its answers (`serve_requests`).

use super::common::{SCHEMA, database, status, stderr, synctool};
#[cfg(unix)]
use super::common::{ServeProcess, cloneup};

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn serve_prints_its_address_and_exits_with_0_on_sigterm() {
    let offline = database();
    let mut serve = ServeProcess::start(offline.folder(), &[], None).await;
    let output = cloneup(&offline, serve.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(offline.folder().join("synctool-server.db").exists());
    assert_eq!(serve.terminate().code(), Some(0));
    assert!(!offline.folder().join("synctool-server.db-wal").exists(), "the file is complete by itself");
}

#[test]
fn unusable_options_are_refused_with_their_exit_status() {
    let offline = database();
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, expected, part) in [
        (vec![], 2, "needs a schema"),
        (vec!["--schema", "schema.json", "--listen", "0.0.0.0:0"], 2, "set a token"),
        (vec!["--schema", "schema.json", "--max-body", "big"], 2, "--max-body must be a size"),
        (vec!["--schema", "schema.json", "--max-mutations", "0"], 2, "--max-mutations must be a positive"),
        (vec!["--schema", "schema.json", "--token-file", "no"], 2, "error: cannot read the token file"),
        (vec!["--schema", "schema.json", "--data", "app.db"], 3, "another program's database"),
        (vec!["--schema", "schema.json", "--listen", &address], 4, "cannot listen on"),
    ] {
        let output = synctool(&offline).arg("serve").args(&arguments).output().unwrap();
        assert_eq!(status(&output), expected, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
    }
}
