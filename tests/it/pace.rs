//! How fast requests are sent (contract 3.10: `--max-rate`, `--max-bandwidth`), measured at the door of the
//! real server. Not how many are in flight (`limits`).

use std::time::{Duration, Instant};

use serde_json::json;
use synctool::cloneup::{Concurrency, Options, RequestGate, Upload};
use synctool::offline::Database;
use synctool::remote::{Pace, Rate, Remote, RemoteConfig};
use synctool::schema::Schema;

use super::common::{
    Answer, Meter, Offline, Recorded, Rig, SCHEMA, Scripted, ServeProcess, TABLES, THREE_TAGS, TestServer,
    cloneup, database, result, status, stderr, synctool,
};

/// As many tags, beside the two of [`database`].
fn tags(count: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO tags (id, label) SELECT printf('t%06d', i), hex(randomblob(500)) FROM n"
    )
}

/// The shortest time in which a server at this rate gets this number of requests, less what a busy machine
/// may be late with the first one.
fn least(requests: usize, per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second * u32::try_from(requests - 1).unwrap() * 8 / 10
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_rate_of_the_server_no_request_is_refused() {
    let offline = database();
    offline.execute(&tags(198));
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &["--max-rate", "5"], None).await;
    let meter = Meter::start(server.base()).await;
    // Fewer in flight than the server takes at once: a busy machine can deliver them together.
    let flags = ["--max-rate", "5", "--batch-size", "10", "--concurrency", "4", "--pull-limit", "100"];
    let output = cloneup(&offline, meter.base(), &flags).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let requests = meter.requests();
    assert!(requests.iter().all(|request| request.status == 200), "{requests:?}");
    assert_eq!(result(&output)["stats"]["batches"], 20, "no request was sent twice");
    for (route, at_least) in [("status", 1), ("push", 20), ("pull", 1)] {
        let count = requests.iter().filter(|request| request.path.ends_with(route)).count();
        assert!(count >= at_least, "{count} {route}: {requests:?}");
    }
    assert!(meter.span() >= least(requests.len(), 5), "{} in {:?}", requests.len(), meter.span());
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_count_and_every_kind_of_request_waits_for_its_turn() {
    let mut rig = Rig::new(THREE_TAGS).await;
    rig.batch_size(1);
    rig.options.verify = true;
    rig.remote.max_rate = Rate::per_second(4.0);
    rig.server.script("push", vec![Answer::Close; 3]);
    rig.server.script("status", [Answer::Json(404, json!({}))]);
    let change =
        |id: &str| json!({"serverSeq": 1, "resource": "tags", "id": id, "op": "upsert", "record": {}});
    let changes = ["a", "b", "c"].map(change);
    let page = json!({"changes": changes, "nextCursor": null});
    rig.server.script("pull", [Answer::Apply, Answer::result(&page)]);
    rig.succeed().await;
    let requests = rig.server.requests();
    // The status, three pushes and their retries, the pull of the finalization, and that of the comparison.
    assert_eq!(requests.len(), 1 + 6 + 1 + 1);
    let span = requests.last().unwrap().at - requests[0].at;
    assert!(span >= least(requests.len(), 4), "{span:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_arrive_at_the_bandwidth_and_time_limits_do_not_count_their_pace() {
    let offline = database();
    offline.execute(&tags(150));
    let server = TestServer::start(SCHEMA).await;
    let meter = Meter::start(server.base()).await;
    // One body of all tags, of about 160,000 bytes, which takes longer than a request may.
    let flags = ["--max-bandwidth", "64K", "--compress", "none", "--batch-size", "1000", "--timeout", "1s"];
    let output = cloneup(&offline, meter.base(), &flags).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let (bytes, span) = meter.bodies();
    assert!(bytes > 160_000, "{bytes}");
    let least = Duration::from_secs(7) / 10 * u32::try_from(bytes).unwrap() / 65536;
    assert!(span >= least, "{bytes} in {span:?}");
    assert_eq!(result(&output)["stats"]["batches"], 1);

    // The bytes are counted as they are sent: compressed.
    let (offline, meter) = (database(), Meter::start(server.base()).await);
    offline.execute("UPDATE tags SET label = hex(zeroblob(1000000)) WHERE id = 'g'");
    let start = Instant::now();
    let output = cloneup(&offline, meter.base(), &["--max-bandwidth", "64K"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(meter.bodies().0 < 10_000 && start.elapsed() < Duration::from_secs(20), "{:?}", meter.bodies());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_bandwidth_makes_smaller_requests() {
    let mut rig = Rig::new(&tags(100)).await;
    rig.remote.max_bandwidth = 2000.try_into().ok();
    rig.remote.compression = synctool::remote::Compression::None;
    let database = Database::open(&rig.offline.path()).unwrap();
    let remote = Remote::new(&rig.remote).unwrap();
    let cancellation = synctool::cloneup::CancellationToken::new();
    let upload = Upload::new(database, remote, Schema::parse(SCHEMA).unwrap()).options(rig.options.clone());
    let running = tokio::spawn(upload.cancellation(cancellation.clone()).run());
    rig.server.first_push().await;
    cancellation.cancel();
    running.await.unwrap();
    assert!(rig.server.pushes()[0].text.len() <= 5 * 2000, "{}", rig.server.pushes()[0].text.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_side_by_side_share_pace_level_and_pause() {
    let server = Scripted::start().await;
    let busy = Answer::Raw(429, vec![("retry-after", "1".into())], Vec::new());
    server.script("push", [busy]);
    let config = RemoteConfig::new(server.base());
    let gate =
        RequestGate::new(Concurrency::Fixed(2.try_into().unwrap()), Pace::new(Rate::per_second(5.0), None));
    let databases: Vec<_> = (0..3).map(|_| Offline::new(&format!("{TABLES}{}", tags(3)))).collect();
    let uploads = databases.iter().enumerate().map(|(index, offline)| {
        let options = Options {
            client_id: Some(format!("C{index}")),
            batch_size: 1.try_into().unwrap(),
            concurrency: Concurrency::Fixed(16.try_into().unwrap()),
            ..Options::default()
        };
        // Each has a client of its own: what they share is the gate.
        let remote = Remote::new(&config).unwrap();
        let database = Database::open(&offline.path()).unwrap();
        let upload = Upload::new(database, remote, Schema::parse(SCHEMA).unwrap()).options(options);
        tokio::spawn(upload.gate(gate.clone()).run())
    });
    for upload in uploads.collect::<Vec<_>>() {
        let outcome = upload.await.unwrap();
        assert!(outcome.ok, "{outcome:?}");
    }
    assert!(server.most_in_flight() <= 2, "{}", server.most_in_flight());
    let requests = server.requests();
    // A status, three pushes and a pull each, and the push that was refused.
    assert_eq!(requests.len(), 3 * (1 + 3 + 1) + 1);
    let span = requests.last().unwrap().at - requests[0].at;
    let refused = server.pushes()[0].clone();
    let after = |request: &Recorded| request.at.saturating_duration_since(refused.answered.unwrap());
    let early = requests
        .iter()
        .filter(|request| (Duration::from_nanos(1)..Duration::from_millis(950)).contains(&after(request)));
    // Only what had its turn before the answer arrived; at this rate, five requests would fit in.
    assert!(early.count() <= 2, "{requests:?}");
    // The pause, and after it most of the requests at the common rate.
    assert!(span >= Duration::from_millis(2500), "{span:?}");
    // Every kind of request: the third status has the third turn.
    let statuses: Vec<_> = requests.iter().filter(|request| request.path.ends_with("/status")).collect();
    let span = statuses[2].at - statuses[0].at;
    assert!(span >= Duration::from_millis(200), "{span:?}");
}

#[test]
fn a_rate_or_bandwidth_that_is_none_is_named() {
    let offline = database();
    for (flag, value, message) in [
        ("--max-rate", "0", "--max-rate must be a number above 0"),
        ("--max-rate", "fast", "--max-rate must be a number above 0"),
        ("--max-bandwidth", "0", "--max-bandwidth must be a size"),
    ] {
        let mut command = synctool(&offline);
        command.args(["cloneup", "--db", "app.db", "--remote", "http://127.0.0.1:9", flag, value]);
        let output = command.output().unwrap();
        assert_eq!(status(&output), 2);
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}
