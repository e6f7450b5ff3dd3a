//! The wait for a server that does not answer yet (contract 3.10: `--wait`). Not retries of requests that
//! carry data (`transport`).

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::common::{
    Answer, Offline, Scripted, ServeProcess, cloneup, database, errors_of, program, result, status, stderr,
    synctool,
};

/// An address at which nothing listens yet.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Starts a subcommand, and waits for its line about the wait.
async fn start_and_wait(offline: &Offline, arguments: &[&str], line: &str) -> Child {
    let mut command = program(offline.folder());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut printed = BufReader::new(child.stderr.take().unwrap());
    let expected = line.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        assert!(line.contains(&expected), "{line}");
        // Nobody reads what follows, and the process must not wait for that.
        std::thread::spawn(move || printed.read_to_end(&mut Vec::new()));
    })
    .await
    .unwrap();
    child
}

async fn end(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_later_is_waited_for_by_every_subcommand() {
    let address = free_address();
    let base = format!("http://{address}/datafn");
    let folder = tempfile::tempdir().unwrap();
    let line = format!("waiting up to 60 s for {base}/status: cannot connect");
    let offline = database();
    let common = ["--db", "app.db", "--remote", &base, "--wait", "60s"];
    let mut server: Option<ServeProcess> = None;
    for subcommand in [&["cloneup"][..], &["verify"], &["cloneup", "--dry-run"]] {
        drop(server.take());
        let child = start_and_wait(&offline, &[subcommand, &common[..]].concat(), &line).await;
        server = Some(ServeProcess::start_at(folder.path(), &address).await);
        let output = end(child).await;
        assert_eq!(status(&output), 0, "{subcommand:?}: {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(result(&output)["ok"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_wait_the_run_ends_with_exit_4_and_the_last_cause() {
    let offline = database();
    let base = format!("http://{}/datafn", free_address());
    let start = Instant::now();
    let output = cloneup(&offline, &base, &["--wait", "1200ms"]).await;
    assert_eq!(status(&output), 4);
    assert!(start.elapsed() >= Duration::from_millis(1200));
    let [(code, message, path)] = &errors_of(&output)[..] else { panic!("{}", stderr(&output)) };
    assert_eq!((code.as_str(), path.as_str()), ("TRANSPORT_ERROR", "sync.status"));
    assert!(message.contains(&format!("GET {base}/status: cannot connect: ")), "{message}");
    let printed = stderr(&output);
    assert_eq!(printed.matches("waiting up to 1.2 s").count(), 1, "{printed}");
    assert!(printed.contains("nothing was sent"), "{printed}");

    // Without a wait the first request that carries data finds it.
    let output = cloneup(&offline, &base, &["--max-retries", "0"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (4, "sync.push"));
    assert!(!stderr(&output).contains("waiting"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_a_server_and_cut_connections_are_waited_for() {
    let (offline, server) = (database(), Scripted::start().await);
    let gateway = |status| Answer::Raw(status, Vec::new(), b"<html>no upstream".to_vec());
    let answers = [gateway(502), gateway(503), gateway(504), Answer::Close, Answer::result(&json!({}))];
    server.script("status", answers);
    let output = cloneup(&offline, server.base(), &["--wait", "1m"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("status: HTTP 502"), "{}", stderr(&output));
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[..6], [&["/datafn/status"; 5][..], &["/datafn/push"]].concat(), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_answer_ends_the_wait() {
    for answer in [
        Answer::Json(404, json!({})),
        Answer::Json(500, json!({})),
        Answer::Raw(200, Vec::new(), b"<html>".to_vec()),
        Answer::Json(401, json!({})),
    ] {
        let (offline, server) = (database(), Scripted::start().await);
        server.script("status", [answer.clone()]);
        let output = cloneup(&offline, server.base(), &["--wait", "1m"]).await;
        assert_eq!(status(&output), 0, "{answer:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("waiting"), "{answer:?}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_wait() {
    let offline = database();
    let base = format!("http://{}/datafn", free_address());
    let arguments = ["cloneup", "--db", "app.db", "--remote", &base, "--wait", "10m"];
    let child = start_and_wait(&offline, &arguments, "waiting up to 600 s").await;
    super::common::signal("TERM", child.id());
    let output = end(child).await;
    assert_eq!((status(&output), result(&output)["errors"][0]["code"].as_str()), (143, Some("CANCELLED")));
}

#[test]
fn a_wait_that_is_no_duration_is_named() {
    let offline = database();
    for subcommand in ["cloneup", "verify"] {
        let mut command = synctool(&offline);
        command.args([subcommand, "--db", "app.db", "--remote", "http://127.0.0.1:9", "--wait", "soon"]);
        let output = command.output().unwrap();
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains("wait must be a duration"), "{}", stderr(&output));
    }
}
