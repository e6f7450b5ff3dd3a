//! Memory does not grow with the number of databases.

#![cfg(target_os = "linux")]

use super::super::common::{Scripted, peak_memory, program};
use super::Folder;

/// The peak memory of an upload of so many databases, in KiB.
async fn peak(count: usize) -> u64 {
    let (folder, server) = (Folder::new(), Scripted::start().await);
    folder.add("first.db", "first");
    std::fs::create_dir(folder.path().join("t")).unwrap();
    for number in 0..count {
        // Copies are made faster than databases; each gets a new client id.
        let name = format!("t/{number:04}.db");
        std::fs::copy(folder.path().join("first.db"), folder.path().join(&name)).unwrap();
        folder.execute(&name, "PRAGMA synchronous = off; DELETE FROM __datafn_meta");
    }
    let mut command = program(folder.path());
    command.args(["cloneup", "--schema", "schema.json", "--remote", server.base(), "--db", "t/*.db"]);
    command.args(["--jobs", "2", "--no-pull-after"]);
    let (output, peak) = peak_memory(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    peak
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_databases_take_64_mebibytes_at_most() {
    let peak = peak(400).await;
    assert!(peak > 0 && peak < 64 * 1024, "{peak} KiB");
}
