//! The log of `synctool serve`: ids of requests, one line a request, text or JSON (contract 4).
#![cfg(unix)]

use serde_json::{Value, json};

use super::common::{SCHEMA, ServeProcess, client, database, mutation, status, stderr, synctool};

/// A request with a request id; the answer's id.
async fn request(serve: &ServeProcess, route: &str, id: Option<&str>, body: Option<String>) -> String {
    let url = format!("{}{route}", serve.base());
    let mut request = match body {
        Some(body) => client().post(url).body(body),
        None => client().get(url),
    };
    if let Some(id) = id {
        request = request.header("x-request-id", id);
    }
    request = request.header("authorization", "Bearer secret-token");
    let response = request.send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    response.bytes().await.unwrap();
    id
}

async fn requests(serve: &ServeProcess) -> String {
    assert_eq!(request(serve, "/status?query=secret-query", Some("mine-1"), None).await, "mine-1");
    let body = json!({"clientId": "D", "mutations": [mutation("1", &json!({"record": {"label": "secret-record"}}))]});
    assert_eq!(request(serve, "/push", Some("mine-2"), Some(body.to_string())).await, "mine-2");
    assert_eq!(request(serve, &format!("/{}", "x".repeat(5000)), Some("mine-3"), None).await, "mine-3");
    let own = request(serve, "/status", Some("not visible"), None).await;
    assert_ne!(own, "not visible");
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_for_each_request_names_it_and_nothing_secret() {
    let offline = database();
    std::fs::write(offline.folder().join("token"), "secret-token").unwrap();
    let mut serve = ServeProcess::start(offline.folder(), &["-v", "--token-file", "token"], None).await;
    let own = requests(&serve).await;
    let log = serve.terminate_and_log();
    let line = |id: &str| {
        let lines: Vec<_> =
            log.iter().filter(|line| line.contains(&format!("request{{id=\"{id}\"}}"))).collect();
        assert_eq!(lines.len(), 1, "{log:#?}");
        lines[0].clone()
    };
    for (id, parts) in [
        (
            "mine-1",
            &[
                "INFO",
                r#"method="GET" path="/datafn/status" status=200 duration_ms="#,
                "received=0",
                "peer=127.0.0.1",
            ][..],
        ),
        ("mine-2", &[r#"method="POST" path="/datafn/push" status=200"#]),
        ("mine-3", &["status=404", "xxx…\""]),
        (&own, &["status=200"]),
    ] {
        let line = line(id);
        assert!(line.len() < 400, "{line}");
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    for secret in ["secret-token", "secret-query", "secret-record"] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{secret}: {log:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_json_log_is_an_object() {
    let offline = database();
    let mut serve = ServeProcess::start(offline.folder(), &["-v", "--log-format", "json"], None).await;
    requests(&serve).await;
    let log = serve.terminate_and_log();
    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["message"], &lines[0]["level"]), (&json!("listening"), &json!("INFO")));
    let of = |id: &str| lines.iter().find(|line| line["span"]["id"] == id).unwrap();
    let push = of("mine-2");
    assert_eq!(
        (&push["message"], &push["method"], &push["path"], &push["status"]),
        (&json!("answered"), &json!("POST"), &json!("/datafn/push"), &json!(200))
    );
    assert!(push["received"].as_u64() > Some(100) && push["sent"].as_u64() > Some(50), "{push}");
    assert!(push["duration_ms"].as_f64() > Some(0.0), "{push}");
    assert_eq!(of("mine-3")["status"], 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_verbose_the_log_has_no_line_for_a_request() {
    let offline = database();
    for (arguments, lines) in [(&[][..], 2), (&["--log-format", "json"], 1)] {
        let mut serve = ServeProcess::start(offline.folder(), arguments, None).await;
        requests(&serve).await;
        let log = serve.terminate_and_log();
        assert_eq!(log.len(), lines, "{log:#?}");
    }
}

/// The errors of a request are logged whatever is shown, and name the request.
#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_an_error_name_the_request() {
    let offline = database();
    let mut serve = ServeProcess::start(offline.folder(), &[], None).await;
    let store = offline.folder().join("synctool-server.db");
    let length = std::fs::metadata(&store).unwrap().len();
    std::fs::write(&store, vec![7; usize::try_from(length).unwrap()]).unwrap();
    request(&serve, "/status", Some("broken"), None).await;
    let log = serve.terminate_and_log();
    assert!(log.iter().any(|line| line.contains("ERROR request{id=\"broken\"}")), "{log:#?}");
}

#[test]
fn an_error_that_ends_the_server_is_a_json_line_too() {
    let offline = database();
    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    let arguments = ["serve", "--schema", "schema.json", "--data", "app.db", "--log-format", "json"];
    let output = synctool(&offline).args(arguments).output().unwrap();
    assert_eq!(status(&output), 3);
    let line: Value = serde_json::from_str(stderr(&output).trim_end()).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("STORAGE_ERROR")));
    assert!(line["message"].as_str().unwrap().contains("another program's database"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_shutdown_is_announced_by_readiness_while_requests_are_answered() {
    let offline = database();
    let mut serve = ServeProcess::start(offline.folder(), &["--shutdown-delay", "1m"], None).await;
    let ready = serve.base().replace("/datafn", "/readyz");
    let is_ready = async || client().get(&ready).send().await.unwrap().status().as_u16();
    assert_eq!(is_ready().await, 200);
    super::common::signal("TERM", serve.id());
    while is_ready().await != 503 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // A new connection, as from a load balancer that has not noticed yet.
    assert_eq!(request(&serve, "/status", Some("late"), None).await, "late");
    // A second signal ends it without waiting.
    assert_eq!(serve.terminate().code(), Some(143));
}
