//! One upload of a database runs at a time (contract 1.3). Not the checkpoint in the same file
//! (`resume`).

use super::common::{Answer, Scripted, cloneup, database, result, spawn_upload, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_upload_of_a_database_is_refused_until_the_first_process_has_ended() {
    let offline = database();
    let server = Scripted::start().await;
    server.script("push", [Answer::late(3_000)]);
    let mut child = spawn_upload(&offline, server.base());
    server.first_push().await;
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 3);
    let message = result(&output)["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("process {}", child.id())), "{message}");
    child.kill().unwrap();
    child.wait().unwrap();
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_lock_also_holds_for_a_symbolic_link_to_the_database() {
    let offline = database();
    std::os::unix::fs::symlink(offline.path(), offline.folder().join("link.db")).unwrap();
    let server = Scripted::start().await;
    server.script("push", [Answer::late(3_000)]);
    let mut child = spawn_upload(&offline, server.base());
    server.first_push().await;
    let output = cloneup(&offline, server.base(), &["--db", "link.db"]).await;
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    child.kill().unwrap();
    child.wait().unwrap();
}
