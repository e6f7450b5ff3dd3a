//! A database that cannot be written to is reported before the first byte is sent, if the run would
//! write to it (contract 3.1, step 1). Not what finalization writes (`finalize`).
#![cfg(unix)]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::json;

use super::common::{Answer, Offline, Scripted, database, errors_of, program, result, status, stderr};

/// A user that owns nothing; only root can become it.
const NOBODY: u32 = 65_534;

const NO_FINALIZATION: [&str; 3] =
    ["--no-pull-after", "--no-set-global-cursor-on-success", "--no-clear-changelog-on-success"];

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs `cloneup` as a user who can read the folder and the database but not write all of it; `None`
/// where root may not become another user.
async fn cloneup_read_only(
    offline: &Offline,
    base: &str,
    modes: (u32, u32),
    more: &[&str],
) -> Option<Output> {
    let (folder, file) = modes;
    let binary = offline.folder().join("synctool-copy");
    std::fs::copy(program(offline.folder()).get_program(), &binary).unwrap();
    set_mode(&binary, 0o755);
    set_mode(&offline.path(), file);
    set_mode(offline.folder(), folder);
    let mut command = Command::new(&binary);
    command.current_dir(offline.folder());
    super::common::remove_settings(&mut command);
    let is_root = std::fs::metadata(offline.path()).unwrap().uid() == 0;
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.args(["cloneup", "--db", "app.db", "--remote", base, "--retry-delay", "1ms"]).args(more);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    // So that the folder can be removed.
    set_mode(offline.folder(), 0o755);
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => None,
        output => Some(output.unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalization_that_cannot_be_written_is_refused_before_anything_is_sent() {
    for modes in [(0o555, 0o444), (0o755, 0o444), (0o555, 0o666)] {
        for (more, is_refused) in [
            (&[][..], true),
            (&NO_FINALIZATION[1..], true),
            (&[NO_FINALIZATION[0], NO_FINALIZATION[2]], true),
            // The change log is empty, so that nothing has to be removed.
            (&NO_FINALIZATION[..2], false),
            (&NO_FINALIZATION, false),
        ] {
            let (offline, server) = (database(), Scripted::start().await);
            let before = std::fs::read(offline.path()).unwrap();
            let Some(output) = cloneup_read_only(&offline, server.base(), modes, more).await else { return };
            assert_eq!(std::fs::read(offline.path()).unwrap(), before, "the database was changed");
            if !is_refused {
                assert_eq!(status(&output), 0, "{modes:?} {more:?}: {}", stderr(&output));
                assert_eq!(server.mutations().len(), 2);
                continue;
            }
            assert_eq!(status(&output), 3, "{modes:?} {more:?}: {}", stderr(&output));
            assert!(server.requests().is_empty(), "something was sent: {:?}", server.requests());
            let (code, message, path) = errors_of(&output).remove(0);
            assert_eq!((code.as_str(), path.as_str()), ("STORAGE_ERROR", "storage"));
            assert!(NO_FINALIZATION.iter().all(|flag| message.contains(flag)), "{message}");
            assert!(!message.contains("--client-id"), "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_log_with_entries_must_be_writable() {
    let (offline, server) = (database(), Scripted::start().await);
    offline.log("C", "m", r#"{"resource":"tags","operation":"merge","id":"g"}"#);
    let more = &NO_FINALIZATION[..2];
    let Some(output) = cloneup_read_only(&offline, server.base(), (0o555, 0o444), more).await else { return };
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_that_cannot_be_stored_is_refused_before_anything_is_sent() {
    for (more, expected) in [(&[][..], 3), (&["--client-id", "C"], 0)] {
        let (offline, server) = (database(), Scripted::start().await);
        offline.execute("DELETE FROM __datafn_meta WHERE key = 'clientId'");
        let more = [&NO_FINALIZATION[..], more].concat();
        let run = cloneup_read_only(&offline, server.base(), (0o555, 0o444), &more).await;
        let Some(output) = run else { return };
        assert_eq!(status(&output), expected, "{}", stderr(&output));
        if expected == 3 {
            assert!(server.requests().is_empty());
            let message = errors_of(&output).remove(0).1;
            assert!(message.contains("--client-id") && !message.contains("--no-pull-after"), "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_plan_and_the_error() {
    let (offline, server) = (database(), Scripted::start().await);
    server.script("status", [Answer::result(&json!({}))]);
    let run = cloneup_read_only(&offline, server.base(), (0o555, 0o444), &["--dry-run"]).await;
    let Some(output) = run else { return };
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    let preview = result(&output);
    assert_eq!((&preview["ok"], &preview["parts"][0]["rows"]), (&json!(false), &json!(2)));
    assert!(stderr(&output).contains("--no-pull-after"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_the_application_has_locked_counts_as_writable() {
    for mode in ["DELETE", "WAL"] {
        let (offline, server) = (database(), Scripted::start().await);
        let application = Connection::open(offline.path()).unwrap();
        application.pragma_update(None, "journal_mode", mode).unwrap();
        application.execute_batch("BEGIN IMMEDIATE; INSERT INTO tags VALUES ('later', 'x')").unwrap();
        server.script("push", [Answer::late(500)]);
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base()]);
        let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
        server.first_push().await;
        application.execute_batch("COMMIT").unwrap();
        let output = tokio::task::spawn_blocking(move || child.unwrap().wait_with_output().unwrap());
        let output = output.await.unwrap();
        assert_eq!(status(&output), 0, "{mode}: {}", stderr(&output));
    }
}
