//! Temporary files that cannot grow, as on a full disk: records are then checked without them (contract 3.1,
//! step 1). Not what their order is (`order`).
#![cfg(unix)]

use std::process::Command;

use super::common::{Offline, Scripted, program, remove_settings, result, status, stderr};

/// The largest file that a run may write, in blocks of 512 bytes.
const BLOCKS: u32 = 2048;

#[tokio::test]
async fn records_are_checked_and_sent_without_space_for_temporary_files() {
    let server = Scripted::start().await;
    // The long name makes the JSON, not the database, larger than the largest file.
    let name = "n".repeat(200);
    let schema = format!(
        r#"{{"resources": [{{"name": "tags", "version": 1, "fields": [
            {{"name": "{name}", "type": "number", "column": "n"}}]}}], "relations": []}}"#
    );
    let offline = Offline::new(
        "CREATE TABLE tags (id TEXT PRIMARY KEY, n REAL);
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
         INSERT INTO tags SELECT printf('%08x', n), n FROM numbers",
    );
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let binary = program(offline.folder());
    // Without the signal, a write beyond the limit is an error.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"")]);
    command.arg(binary.get_program()).args(["cloneup", "--db", "app.db", "--schema", "schema.json"]);
    command
        .args(["--remote", server.base(), "--batch-size", "1000", "--concurrency", "1", "-vv"])
        .current_dir(offline.folder());
    remove_settings(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("records are not kept"), "{}", stderr(&output));
    assert_eq!(result(&output)["stats"]["resources"]["tags"]["records"], 20_000);
    let subjects = server.subjects();
    assert_eq!(subjects.len(), 20_000);
    assert!(subjects.is_sorted());
}
