//! What all uploads share: the number of requests in flight, the pause that a server asks for, and one
//! request for the server's status.

use std::time::Duration;

use super::super::common::{Answer, Recorded, Scripted, status, stderr};
use super::{Folder, uploaded};

fn folder(count: usize) -> Folder {
    let names: Vec<_> = (0..count).map(|number| format!("t{number:02}.db")).collect();
    Folder::with(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The most pushes and pulls that were in flight at the same time.
fn most_in_flight(server: &Scripted) -> usize {
    let requests = server.requests();
    let requests: Vec<_> = requests.iter().filter(|request| !request.path.ends_with("/status")).collect();
    // The next request can arrive before the server has noted the end of its answer.
    let noted = Duration::from_millis(10);
    let is_open = |request: &Recorded, now| request.at <= now && now + noted < request.answered.unwrap();
    let at = requests.iter().map(|request| request.at);
    at.map(|now| requests.iter().filter(|request| is_open(request, now)).count()).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_limited_over_all_databases() {
    let (folder, server) = (folder(12), Scripted::start().await);
    for route in ["push", "pull"] {
        server.script(route, (0..12).map(|_| Answer::late(30)));
    }
    let arguments = ["--db", "t*.db", "--jobs", "6", "--concurrency", "2", "--batch-size", "1"];
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!((status(&output), uploaded(&output).len()), (0, 12), "{}", stderr(&output));
    assert_eq!(most_in_flight(&server), 2);
    let status = server.requests().iter().filter(|request| request.path.ends_with("/status")).count();
    assert_eq!(status, 1, "one request for the status of the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_databases_as_jobs_are_uploaded_side_by_side() {
    for (jobs, most) in [("1", 1), ("3", 3)] {
        let (folder, server) = (folder(9), Scripted::start().await);
        server.script("push", (0..9).map(|_| Answer::late(100)));
        let output = folder.run(server.base(), &["--db", "t*.db", "--jobs", jobs, "--no-pull-after"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(server.most_in_flight(), most);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_server_asks_for_holds_back_all_databases() {
    let (folder, server) = (folder(8), Scripted::start().await);
    let throttled = Answer::Raw(429, vec![("retry-after", "2".to_owned())], b"{}".to_vec());
    server.script("push", [throttled]);
    let arguments = ["--db", "t*.db", "--jobs", "4", "--concurrency", "1", "--no-pull-after"];
    let output = folder.run(server.base(), &arguments).await;
    assert_eq!((status(&output), uploaded(&output).len()), (0, 8), "{}", stderr(&output));
    let pushes = server.pushes();
    let pause = pushes[1].at - pushes[0].at;
    assert!(pause >= Duration::from_millis(1900), "{pause:?}");
}
