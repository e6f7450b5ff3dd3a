//! WAL databases on media and in folders that cannot be written to (contract 3.7). Not a
//! finalization that is refused before the upload.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use rusqlite::Connection;
use serde_json::json;

use super::common::{SCHEMA, TABLES, TestServer, remove_settings, result, status, stderr};

const WARNING: &str = "so it is read as immutable";

/// A folder with a database that nothing can be written to.
struct ReadOnly {
    folder: tempfile::TempDir,
    database: PathBuf,
}

impl ReadOnly {
    /// Makes the database and calls `prepare` with its path before the folder becomes read-only.
    fn new(name: &str, mode: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ro").join(name);
        std::fs::create_dir(folder.path().join("ro")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let application = Connection::open(&database).unwrap();
        application.pragma_update(None, "journal_mode", mode).unwrap();
        application
            .execute_batch(&format!("{TABLES} INSERT INTO tags VALUES ('g', 'G'), ('h', 'H')"))
            .unwrap();
        drop(application);
        prepare(&database);
        let read_only = Self { folder, database };
        std::fs::write(read_only.work().join("schema.json"), SCHEMA).unwrap();
        for entry in std::fs::read_dir(read_only.folder.path().join("ro")).unwrap() {
            set_mode(&entry.unwrap().path(), 0o444);
        }
        set_mode(&read_only.folder.path().join("ro"), 0o555);
        set_mode(&read_only.work(), 0o755);
        set_mode(read_only.folder.path(), 0o755);
        read_only
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Runs the binary as an ordinary user; arguments that are `DB` become the database's path.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = ordinary_user();
        for argument in arguments {
            match *argument {
                "DB" => command.arg(&self.database),
                other => command.arg(other),
            };
        }
        remove_settings(&mut command);
        command.current_dir(self.work()).output().unwrap()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // So that the folder can be removed.
        set_mode(&self.folder.path().join("ro"), 0o755);
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The binary, run by a user for whom permissions count: by `nobody` where the tests run as root.
fn ordinary_user() -> Command {
    let binary = cargo_bin("synctool");
    if !is_root() {
        return Command::new(binary);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

/// Whether such a user can run the binary at all; says so where it cannot.
fn can_test() -> bool {
    let can = ordinary_user().arg("--version").output().is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped: no ordinary user can run the binary here");
    }
    can
}

/// Every command that only reads the database succeeds, with or without the warning.
async fn assert_readable(read_only: &ReadOnly, is_warned: bool, why: &str) {
    let server = TestServer::start(SCHEMA).await;
    let base = server.base().to_owned();
    let remote = ["--remote", &base, "--schema", "schema.json"];
    let unfinalized =
        ["--no-pull-after", "--no-set-global-cursor-on-success", "--no-clear-changelog-on-success"];
    let mut commands = vec![
        vec!["inspect", "--schema", "schema.json", "DB"],
        vec!["inspect", "DB"],
        vec!["schema", "infer", "DB"],
        vec!["schema", "check", "schema.json", "--db", "DB"],
        [&["cloneup", "--db", "DB", "--client-id", "C", "--dry-run"][..], &remote, &unfinalized].concat(),
        [&["cloneup", "--db", "DB", "--client-id", "C", "--verify"][..], &remote, &unfinalized].concat(),
        [&["verify", "--db", "DB"][..], &remote].concat(),
    ];
    for arguments in commands.drain(..) {
        let output = tokio::task::block_in_place(|| read_only.run(&arguments));
        assert_eq!(status(&output), 0, "{why} {arguments:?}: {}", stderr(&output));
        let printed = stderr(&output);
        assert_eq!(
            printed.matches(WARNING).count(),
            usize::from(is_warned),
            "{why} {arguments:?}: {printed}"
        );
        if arguments[0] == "cloneup" && !arguments.contains(&"--dry-run") {
            let stats = &result(&output)["stats"];
            assert_eq!(stats["resources"]["tags"], json!({"records": 2, "mutations": 2}), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wal_database_in_a_read_only_folder_is_read_as_immutable_with_a_warning() {
    if !can_test() {
        return;
    }
    for (name, prepare) in [
        ("app.db", (|_| {}) as fn(&Path)),
        ("100% of?immutable=0#my data.db", |_| {}),
        ("empty log.db", |path| std::fs::write(format!("{}-wal", path.display()), "").unwrap()),
    ] {
        assert_readable(&ReadOnly::new(name, "WAL", prepare), true, name).await;
    }
    // Through a link in a folder that can be written to.
    let mut linked = ReadOnly::new("app.db", "WAL", |_| {});
    let link = linked.work().join("link.db");
    std::os::unix::fs::symlink(&linked.database, &link).unwrap();
    linked.database = link;
    assert_readable(&linked, true, "a link").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_of_a_read_only_database_go_on_without_locks_and_checkpoints() {
    if !can_test() {
        return;
    }
    for (mode, is_immutable) in [("WAL", true), ("DELETE", false)] {
        let (read_only, server) = (ReadOnly::new("app.db", mode, |_| {}), TestServer::start(SCHEMA).await);
        let mut records = 0;
        for shard in ["1/2", "2/2"] {
            let arguments = [
                &["cloneup", "--db", "DB", "--client-id", "C", "--schema", "schema.json", "--shard", shard][..],
                &["--remote", server.base()],
            ];
            let output = tokio::task::block_in_place(|| read_only.run(&arguments.concat()));
            let printed = stderr(&output);
            assert_eq!(status(&output), 0, "{mode}: {printed}");
            let lock = format!("without lock and checkpoint: {}.synctool-", read_only.database.display());
            assert!(printed.contains(&lock), "{mode}: {printed}");
            let warnings = printed.lines().filter(|line| line.starts_with("warning: ")).count();
            assert_eq!(warnings, 1 + usize::from(is_immutable), "{mode}: {printed}");
            records += result(&output)["stats"]["resources"]["tags"]["records"].as_u64().unwrap_or(0);
        }
        assert_eq!(records, 2, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_files_are_left_beside_a_read_only_database_in_a_folder_that_can_be_written_to() {
    if !can_test() {
        return;
    }
    let read_only = ReadOnly::new("app.db", "WAL", |_| {});
    let folder = read_only.folder.path().join("ro");
    set_mode(&folder, 0o777);
    assert_readable(&read_only, true, "a read-only file").await;
    let names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["app.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_read_only_databases_are_read_without_a_warning() {
    if !can_test() {
        return;
    }
    assert_readable(&ReadOnly::new("app.db", "DELETE", |_| {}), false, "a rollback journal").await;
}

/// Leaves a write-ahead log with content beside the database, as after a crash.
fn leave_log(path: &Path, keeps_index: bool) {
    let application = Connection::open(path).unwrap();
    application.execute_batch("INSERT INTO tags VALUES ('i', 'I')").unwrap();
    let files = ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{}{suffix}", path.display())));
    let contents = files.each_ref().map(|file| std::fs::read(file).unwrap());
    drop(application);
    for (file, content) in files.iter().zip(contents).take(if keeps_index { 3 } else { 2 }) {
        std::fs::write(file, content).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_content_that_cannot_be_read_is_an_error_that_says_what_to_do() {
    if !can_test() {
        return;
    }
    let read_only = ReadOnly::new("app.db", "WAL", |path| leave_log(path, false));
    for arguments in [
        vec!["inspect", "DB"],
        vec!["schema", "infer", "DB"],
        vec!["cloneup", "--db", "DB", "--remote", "http://127.0.0.1:9", "--schema", "schema.json"],
    ] {
        let output = read_only.run(&arguments);
        assert_eq!(status(&output), 3, "{arguments:?}: {}", stderr(&output));
        let message = stderr(&output);
        assert!(message.contains("app.db-wal") && message.contains("copy both files"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_can_be_read_is_read() {
    if !can_test() {
        return;
    }
    let read_only = ReadOnly::new("app.db", "WAL", |path| leave_log(path, true));
    let output = read_only.run(&["inspect", "--schema", "schema.json", "--output", "json", "DB"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let parts = result(&output)["parts"].as_array().unwrap().clone();
    let tags = parts.iter().find(|part| part["name"] == "tags").unwrap();
    assert_eq!(tags["rows"], 3);
    assert!(!stderr(&output).contains(WARNING));
}
