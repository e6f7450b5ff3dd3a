//! A run that is interrupted in the middle, and the same command again.

#![cfg(unix)]

use std::process::{Child, Output, Stdio};

use super::super::common::{Answer, Scripted, program, result, signal, status, stderr};
use super::{Folder, databases, uploaded};

fn start(folder: &Folder, base: &str, arguments: &[&str]) -> Child {
    let mut command = program(folder.path());
    command.args(["cloneup", "--schema", "schema.json", "--remote", base, "--db", "t*.db"]).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn output_of(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

fn folder() -> Folder {
    Folder::with(&["t1.db", "t2.db", "t3.db", "t4.db"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_goes_on_after_an_interruption() {
    let (folder, server) = (folder(), Scripted::start().await);
    // The first database is uploaded; the first request of the second one takes a while.
    server.script("push", [Answer::Apply, Answer::Apply, Answer::late(1500)]);
    let arguments = ["--jobs", "1", "--concurrency", "1", "--batch-size", "1"];
    let child = start(&folder, server.base(), &arguments);
    while server.pushes().len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    signal("INT", child.id());
    let output = output_of(child).await;
    assert_eq!(status(&output), 130, "{}", stderr(&output));
    assert_eq!((uploaded(&output), result(&output)["ok"].as_bool()), (vec!["t1.db".to_owned()], Some(false)));
    for (name, _, codes) in &databases(&output)[1..] {
        assert_eq!(codes, &["CANCELLED"], "{name}");
    }
    let words = stderr(&output);
    assert!(words.contains("interrupted: uploaded 1 of 4 databases"), "{words}");
    assert!(words.contains("not finished: 3 databases") && !words.contains("error:"), "{words}");
    assert!(folder.path().join("t2.db.synctool").exists(), "the checkpoint is kept");
    let before = server.pushes().len();
    let output = output_of(start(&folder, server.base(), &arguments)).await;
    assert_eq!((status(&output), uploaded(&output).len()), (0, 4), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("t2.db: resuming: an earlier run uploaded 1 row"),
        "{}",
        stderr(&output)
    );
    // The first one again, which the server deduplicates; a probe and the rest of the second one; the others.
    assert_eq!(server.pushes().len() - before, 2 + 2 + 2 + 2);
    assert!(!folder.path().join("t2.db.synctool").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_with_the_results_so_far() {
    let (folder, server) = (folder(), Scripted::start().await);
    server.script("push", [Answer::Apply, Answer::late(20_000)]);
    let child = start(&folder, server.base(), &["--jobs", "1"]);
    let id = child.id();
    while server.pushes().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    signal("INT", id);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    signal("TERM", id);
    let output = output_of(child).await;
    assert_eq!(status(&output), 143, "{}", stderr(&output));
    assert_eq!((uploaded(&output), databases(&output).len()), (vec!["t1.db".to_owned()], 4));
}
