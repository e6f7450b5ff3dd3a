//! Flags that are refused, and the question on a terminal.

use serde_json::json;

use super::seed;
use crate::common::{Answer, SCHEMA, Scripted, TestServer, cloneup, errors_of, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn flags_that_make_no_sense_are_usage_errors_and_send_nothing() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    std::fs::write(offline.folder().join("failed.ndjson"), "").unwrap();
    for (arguments, path, told) in [
        (&["--delete-extra", "--yes"][..], "deleteExtra", "--delete-extra: needs --overwrite"),
        (&["--delete-extra", "--only-changed", "--yes"], "deleteExtra", "needs --overwrite"),
        (&["--overwrite", "--delete-extra"], "deleteExtra", "stdin is no terminal: give --yes"),
        (&["--overwrite", "--delete-extra", "--yes", "--limit", "1"], "deleteExtra", "--limit"),
        (
            &["--overwrite", "--delete-extra", "--yes", "--only-failed", "failed.ndjson"],
            "deleteExtra",
            "--only-failed",
        ),
        (&["--overwrite", "--record-operation", "insert"], "recordOperation", "cannot --overwrite"),
        (&["--overwrite", "--delete-extra", "--yes", "--max-delete", "x"], "maxDelete", "not `x`"),
    ] {
        let output = cloneup(&offline, server.base(), arguments).await;
        assert_eq!((status(&output), &*errors_of(&output)[0].2), (2, path), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{arguments:?} {}", stderr(&output));
    }
    assert_eq!(server.status().await["cursor"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_databases_cannot_remove_what_the_others_have() {
    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    std::fs::copy(offline.path(), offline.folder().join("other.db")).unwrap();
    let arguments = ["--db", "app.db", "--db", "other.db", "--overwrite", "--delete-extra", "--yes"];
    let output = cloneup(&offline, server.base(), &arguments).await;
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("--delete-extra would remove from the server what the other databases have")
    );
    assert_eq!(server.status().await["cursor"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_digests_are_wrong_gets_nothing() {
    let offline = seed();
    let digests = json!({"cursor": "3", "tables": {"tags": {"count": 0, "digests": "AAAA"}}});
    for arguments in [&["--only-changed"][..], &["--overwrite", "--delete-extra", "--yes"]] {
        let server = Scripted::start().await;
        server.script("status", [Answer::result(&json!({"capabilities": ["sync.digest"]}))]);
        server.script("digest", [Answer::result(&digests)]);
        let output = cloneup(&offline, server.base(), arguments).await;
        assert_eq!((status(&output), &*errors_of(&output)[0].2), (4, "sync.digest"), "{}", stderr(&output));
        assert!(server.pushes().is_empty());
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_asked_before_anything_is_removed() {
    use super::{test_run, there, upload};
    use crate::common::{Terminal, program};

    let (server, offline) = (TestServer::start(SCHEMA).await, seed());
    upload(&offline, &server, &[]).await;
    test_run(&server).await;
    let before = there(&server).await;
    for (answer, is_removed) in [("n\r", false), ("\r", false), ("y\r", true)] {
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--overwrite", "--delete-extra", "--no-pull-after"]);
        command.args(["--remote", server.base()]);
        let mut terminal = Terminal::start_typing(&mut command, (100, 30));
        let question = "delete 2 records and 2 join rows that only the server has? [y/N]";
        terminal.wait_for(|screen| screen.contains(question));
        assert_eq!(there(&server).await, before);
        terminal.send(answer);
        let (status, _) = terminal.finish();
        assert_eq!(status.code(), Some(if is_removed { 0 } else { 2 }), "{answer:?}");
        assert_eq!(there(&server).await.contains(&"todos/new".to_owned()), !is_removed);
    }
}
