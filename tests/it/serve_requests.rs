//! Which requests the reference server answers, and how it refuses the others: envelopes,
//! limits, token, status (contract 4). Not what an accepted mutation does (`serve_mutations`).

use serde_json::{Value, json};
use synctool::server::Limits;

use super::common::{SCHEMA, TestServer, client, clone};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_get_the_code_message_and_path_of_the_protocol() {
    let limits = Limits { max_mutations: 2, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let deep =
        format!("{{\"clientId\": \"D\", \"mutations\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (route, body, status, code, message, path) in [
        ("push", "{".to_owned(), 400, "DFQL_INVALID", "Invalid JSON", "$"),
        ("pull", String::new(), 400, "DFQL_INVALID", "Invalid JSON", "$"),
        ("push", "[]".into(), 400, "DFQL_INVALID", "Invalid JSON", "$"),
        ("push", deep, 400, "DFQL_INVALID", "Invalid JSON", "$"),
        ("push", "{}".into(), 400, "DFQL_INVALID", "Invalid DFQL: clientId must be string", "clientId"),
        (
            "clone",
            r#"{"clientId":7}"#.into(),
            400,
            "DFQL_INVALID",
            "Invalid DFQL: clientId must be string",
            "clientId",
        ),
        (
            "push",
            r#"{"clientId":"D"}"#.into(),
            400,
            "DFQL_INVALID",
            "Invalid DFQL: mutations must be array",
            "mutations",
        ),
        (
            "push",
            r#"{"clientId":"D","mutations":[1,2,3]}"#.into(),
            400,
            "LIMIT_EXCEEDED",
            "at most 2 mutations in one push",
            "mutations",
        ),
        (
            "pull",
            r#"{"clientId":"D","cursor":"-1"}"#.into(),
            400,
            "DFQL_INVALID",
            "Invalid DFQL: cursor must be a base-10 integer string",
            "cursor",
        ),
        (
            "pull",
            r#"{"clientId":"D","limit":0}"#.into(),
            400,
            "DFQL_INVALID",
            "Invalid DFQL: limit must be a positive integer",
            "limit",
        ),
        (
            "clone",
            r#"{"clientId":"D","tables":["todos","no"]}"#.into(),
            400,
            "DFQL_UNKNOWN_RESOURCE",
            "Unknown resource: no",
            "tables[1]",
        ),
        ("nope", "{}".into(), 404, "NOT_FOUND", "Unknown route: /datafn/nope", "$"),
    ] {
        let (answered, answer) = server.post_text(route, body.clone()).await;
        let error = &answer["error"];
        let shown = &body[..body.len().min(60)];
        assert_eq!((answered, &answer["ok"]), (status, &json!(false)), "{route} {shown}");
        assert_eq!(
            (&error["code"], &error["message"], &error["path"]),
            (&json!(code), &json!(message), &json!(path)),
            "{route} {shown}"
        );
        assert_eq!(error["details"]["path"], path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_a_million_mutations_is_over_the_limit() {
    let server = TestServer::start(SCHEMA).await;
    let body = format!(r#"{{"clientId":"D","mutations":[{}0]}}"#, "0,".repeat(1_000_000));
    let (status, answer) = server.post_text("push", body).await;
    let error = &answer["error"];
    assert_eq!(
        (status, &error["code"], &error["path"]),
        (400, &json!("LIMIT_EXCEEDED"), &json!("mutations"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_json_anywhere_in_a_push_refuses_the_whole_push() {
    let server = TestServer::start(SCHEMA).await;
    for record in [r#"{"title": "\ud800"}"#, r#"{"count": 1e999}"#, r#"{"title": "a}"#] {
        let body = format!(
            r#"{{"clientId": "D", "mutations": [{{"clientId": "D", "mutationId": "1", "resource": "todos",
                "operation": "merge", "id": "t", "record": {record}}}]}}"#
        );
        let (status, answer) = server.post_text("push", body).await;
        assert_eq!((status, &answer["error"]["message"]), (400, &json!("Invalid JSON")), "{record}");
    }
    assert_eq!(clone(&server).await["data"]["todos"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_answered_with_413_instead_of_a_reset() {
    let limits = Limits { max_body_bytes: 1000, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let (status, answer) = server.post_text("push", " ".repeat(20_000_000)).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("LIMIT_EXCEEDED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_needs_the_bearer_token() {
    let server = TestServer::start_with(SCHEMA, Some("right"), Limits::default()).await;
    for (header, status) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some("Bearer right "), 200),
        (Some("Bearer rightright"), 401),
        (Some("right"), 401),
        (Some("Basic right"), 401),
        (Some("Bearer right"), 200),
        (Some("bearer right"), 200),
    ] {
        let mut request = client().get(format!("{}/status", server.base()));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{header:?}");
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        if status == 401 {
            assert_eq!(answer["error"]["code"], "FORBIDDEN");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_reports_store_id_schema_hash_capabilities_and_limits() {
    let mut server = TestServer::start(SCHEMA).await;
    let status = || async {
        let response = client().get(format!("{}/status", server.base())).send().await.unwrap();
        let mut answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(answer["ok"], true);
        answer["result"].take()
    };
    let first = status().await;
    assert_eq!(
        first["limits"],
        json!({"maxMutations": 1000, "maxBodyBytes": 16_777_216, "maxLimit": 10_000})
    );
    assert_eq!(
        first["capabilities"],
        json!([
            "sync.clone",
            "sync.digest",
            "sync.pull",
            "sync.push",
            "sync.pull.excludeOwn",
            "sync.push.gzip",
            "sync.push.zstd",
            "sync.push.repeated"
        ])
    );
    assert_eq!(first["cursor"], "0");
    assert_eq!(first["schemaHash"].as_str().unwrap().len(), 64);
    server.restart().await;
    let response = client().get(format!("{}/status", server.base())).send().await.unwrap();
    let again: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(again["result"]["storeId"], first["storeId"]);
}
