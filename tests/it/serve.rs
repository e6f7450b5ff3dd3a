//! The reference server does what section 4 of the contract says.

use std::path::Path;

use serde_json::{Value, json};
use synctool::schema::Schema;
use synctool::server::{Limits, ServerConfig, ServerState};

use super::common::{SCHEMA, TestServer, client};

/// A mutation of client D; `extra` overrides and adds.
pub fn mutation(id: &str, extra: &Value) -> Value {
    let mut mutation = json!({"clientId": "D", "mutationId": id, "resource": "tags", "version": 1,
        "operation": "merge", "id": "g", "record": {"label": "G"}});
    let Value::Object(extra) = extra else { panic!("an object") };
    mutation.as_object_mut().unwrap().extend(extra.clone());
    mutation
}

pub async fn push(server: &TestServer, mutations: &[Value]) -> Value {
    server.post("push", &json!({"clientId": "D", "mutations": mutations})).await
}

async fn pull(server: &TestServer, cursor: &str, limit: u64) -> Value {
    server.post("pull", &json!({"clientId": "D", "cursor": cursor, "limit": limit})).await
}

async fn clone(server: &TestServer) -> Value {
    server.post("clone", &json!({"clientId": "D"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_as_they_must_be_are_refused_in_the_protocols_words() {
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
async fn a_million_mutations_are_too_many_like_any_other_number() {
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
async fn mutations_are_rejected_one_by_one() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |record: Value| json!({"resource": "todos", "id": "t", "record": record});
    for (extra, code, path) in [
        (json!({"clientId": "E"}), "DFQL_INVALID", "clientId"),
        (json!({"mutationId": 7}), "DFQL_INVALID", "mutationId"),
        (json!({"resource": "nope"}), "DFQL_UNKNOWN_RESOURCE", "resource"),
        (json!({"operation": "upsert"}), "DFQL_INVALID", "operation"),
        (json!({"id": ""}), "DFQL_INVALID", "id"),
        (json!({"id": 7}), "DFQL_INVALID", "id"),
        (json!({"record": null}), "DFQL_INVALID", "record"),
        (json!({"record": {"nope": 1}}), "DFQL_UNKNOWN_FIELD", "record.nope"),
        (json!({"record": {"label": 1}}), "DFQL_INVALID", "record.label"),
        (json!({"record": {"label": null}}), "DFQL_INVALID", "record.label"),
        (todo(json!({"done": 1})), "DFQL_INVALID", "record.done"),
        (todo(json!({"count": "1"})), "DFQL_INVALID", "record.count"),
        (json!({"resource": "projects", "record": {}}), "DFQL_INVALID", "record.name"),
        (
            json!({"operation": "relate", "resource": "todos", "id": "no", "relations": {"tags": "g"}}),
            "NOT_FOUND",
            "id",
        ),
        (
            json!({"operation": "relate", "resource": "todos", "id": "there", "relations": {"tags": "no"}}),
            "NOT_FOUND",
            "relations.tags",
        ),
        (
            json!({"operation": "relate", "resource": "todos", "id": "there", "relations": {"no": "g"}}),
            "DFQL_UNKNOWN_RELATION",
            "relations.no",
        ),
        (
            json!({"operation": "relate", "resource": "todos", "id": "there", "relations": {"tags": {"$ref": "g", "no": 1}}}),
            "DFQL_UNKNOWN_FIELD",
            "relations.tags.no",
        ),
        (
            json!({"operation": "modifyRelation", "resource": "todos", "id": "there", "relations": {"tags": {"$ref": "g", "order": 1}}}),
            "NOT_FOUND",
            "relations.tags",
        ),
    ] {
        let good = mutation("good", &json!({"resource": "todos", "id": "there", "record": {}}));
        let result = push(&server, &[good, mutation("bad", &extra), mutation("tag", &json!({}))]).await;
        assert_eq!((&result["ok"], &result["applied"]), (&json!(false), &json!(["good", "tag"])), "{extra}");
        let error = &result["errors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!(code), &json!(path)), "{extra}");
        assert_eq!(result["cursor"], "2", "{extra}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn insert_merge_and_replace_differ_in_what_they_do_to_a_record_that_is_there() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |id: &str, operation: &str, record: Value| {
        mutation(id, &json!({"resource": "todos", "id": "t", "operation": operation, "record": record}))
    };
    push(&server, &[todo("1", "insert", json!({"title": "A", "count": 1}))]).await;
    let result = push(&server, &[todo("2", "insert", json!({}))]).await;
    assert_eq!(
        (&result["errors"][0]["code"], &result["errors"][0]["path"]),
        (&json!("CONFLICT"), &json!("id"))
    );
    push(&server, &[todo("3", "merge", json!({"count": 2, "note": null}))]).await;
    assert_eq!(
        clone(&server).await["data"]["todos"],
        json!([{"id": "t", "title": "A", "count": 2, "note": null}])
    );
    push(&server, &[todo("4", "replace", json!({"done": false}))]).await;
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t", "done": false}]));
    let result = push(&server, &[todo("5", "delete", json!({})), todo("6", "delete", json!({}))]).await;
    assert_eq!((&result["applied"], &result["cursor"]), (&json!(["5", "6"]), &json!("5")));
    assert_eq!(clone(&server).await["data"]["todos"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_field_may_be_left_out_of_a_merge_into_what_is_there() {
    let server = TestServer::start(SCHEMA).await;
    let project =
        |id: &str, record: Value| mutation(id, &json!({"resource": "projects", "id": "p", "record": record}));
    let result = push(&server, &[project("1", json!({"name": "P"})), project("2", json!({}))]).await;
    assert_eq!(result["applied"], json!(["1", "2"]));
    // It is missing only where there is no record yet.
    let extra = json!({"resource": "projects", "id": "p", "operation": "replace", "record": {}});
    let replace = mutation("3", &extra);
    assert_eq!(push(&server, &[replace]).await["applied"], json!(["3"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_mutation_changes_nothing_and_counts_as_applied() {
    let mut server = TestServer::start(SCHEMA).await;
    let first = mutation("1", &json!({}));
    let result = push(&server, &[first.clone(), first.clone()]).await;
    assert_eq!((&result["applied"], &result["cursor"]), (&json!(["1", "1"]), &json!("1")));
    let other = mutation("2", &json!({"record": {"label": "new"}}));
    push(&server, &[other]).await;
    server.restart().await;
    let result = push(&server, &[first]).await;
    assert_eq!((&result["applied"], &result["cursor"]), (&json!(["1"]), &json!("2")));
    assert_eq!(clone(&server).await["data"]["tags"][0]["label"], "new");
    // The same id of another client is another mutation.
    let theirs = json!({"clientId": "E", "mutationId": "1", "resource": "tags", "operation": "merge", "id": "g", "record": {}});
    let result = server.post("push", &json!({"clientId": "E", "mutations": [theirs]})).await;
    assert_eq!(result["cursor"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_mutation_can_be_sent_again() {
    let server = TestServer::start(SCHEMA).await;
    let relate = mutation(
        "r",
        &json!({"operation": "relate", "resource": "todos", "id": "t", "relations": {"tags": "g"}}),
    );
    assert_eq!(push(&server, std::slice::from_ref(&relate)).await["applied"], json!([]));
    push(
        &server,
        &[mutation("1", &json!({})), mutation("2", &json!({"resource": "todos", "id": "t", "record": {}}))],
    )
    .await;
    assert_eq!(push(&server, &[relate]).await["applied"], json!(["r"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn join_rows_are_a_resource_of_the_feed() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |id: &str, operation: &str, relations: Value| {
        mutation(
            id,
            &json!({"resource": "todos", "id": "t", "operation": operation, "relations": relations, "record": {}}),
        )
    };
    push(
        &server,
        &[
            mutation("1", &json!({})),
            mutation("2", &json!({"id": "h"})),
            todo("3", "merge", json!({})),
            todo("4", "relate", json!({"tags": [{"$ref": "g", "order": 1}, "h"]})),
            todo("5", "modifyRelation", json!({"tags": {"$ref": "h", "order": 2}})),
            mutation("6", &json!({"operation": "unrelate", "relations": {"todos": "t"}})),
            mutation("7", &json!({"operation": "unrelate", "relations": {"todos": "t"}})),
        ],
    )
    .await;
    let feed = pull(&server, "3", 1000).await;
    let row = |seq: u64, to: &str, op: &str, order: Option<u64>| {
        let mut record = json!({"from": "t", "to": to});
        if let Some(order) = order {
            record["order"] = json!(order);
        }
        json!({"serverSeq": seq, "resource": "join_todos_tags_tags", "id": format!("t:{to}"), "op": op, "record": record})
    };
    assert_eq!(
        feed["changes"],
        json!([
            row(4, "g", "delete", None),
            row(4, "h", "upsert", Some(2)),
            row(5, "h", "upsert", Some(2)),
            row(6, "g", "delete", None),
            row(7, "g", "delete", None),
        ])
    );
    assert_eq!(feed["nextCursor"], Value::Null);
    assert_eq!(
        clone(&server).await["joins"]["join_todos_tags_tags"],
        json!([{"from": "t", "to": "h", "order": 2}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_many_one_relation_is_a_field() {
    let server = TestServer::start(SCHEMA).await;
    let todo = |id: &str, operation: &str| {
        mutation(
            id,
            &json!({"resource": "todos", "id": "t", "operation": operation, "relations": {"project": "p"}, "record": {}}),
        )
    };
    let result = push(&server, &[todo("1", "merge"), todo("2", "relate")]).await;
    assert_eq!(result["errors"][0]["code"], "NOT_FOUND", "there is no such project yet");
    let project =
        |id: &str| mutation(id, &json!({"resource": "projects", "id": id, "record": {"name": "P"}}));
    push(&server, &[project("p"), project("q"), todo("2", "relate")]).await;
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t", "projectId": "p"}]));
    let unrelate = |id: &str, todo: &str, project: &str| {
        mutation(
            id,
            &json!({"resource": "todos", "id": todo, "operation": "unrelate", "relations": {"project": project}}),
        )
    };
    // What is not there is unrelated already.
    let result = push(&server, &[unrelate("3", "t", "q"), unrelate("4", "nowhere", "p")]).await;
    assert_eq!(result["applied"], json!(["3", "4"]));
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t", "projectId": "p"}]));
    push(&server, &[unrelate("5", "t", "p")]).await;
    assert_eq!(clone(&server).await["data"]["todos"], json!([{"id": "t"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_relations_of_one_mutation_are_all_changed() {
    let schema = r#"{"resources": [{"name": "a", "fields": [{"name": "x", "type": "string"}, {"name": "y", "type": "string"}]}],
        "relations": [{"type": "many-one", "from": "a", "to": "a", "relation": "one", "fkField": "x"},
                      {"type": "many-one", "from": "a", "to": "a", "relation": "two", "fkField": "y"}]}"#;
    let server = TestServer::start(schema).await;
    let of = |id: &str, extra: Value| {
        let mut all = json!({"resource": "a", "id": "r", "record": {}});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        mutation(id, &all)
    };
    push(
        &server,
        &[of("1", json!({})), of("2", json!({"operation": "relate", "relations": {"one": "r", "two": "r"}}))],
    )
    .await;
    assert_eq!(clone(&server).await["data"]["a"], json!([{"id": "r", "x": "r", "y": "r"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_changes_nothing_is_one_after_a_restart_too() {
    let mut server = TestServer::start(SCHEMA).await;
    let nothing = mutation("2", &json!({"operation": "relate", "relations": {"todos": []}}));
    assert_eq!(push(&server, &[mutation("1", &json!({})), nothing]).await["cursor"], "2");
    server.restart().await;
    assert_eq!(push(&server, &[mutation("3", &json!({}))]).await["cursor"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_made_again_is_never_told_as_deleted() {
    let server = TestServer::start(SCHEMA).await;
    let tag = |id: &str, operation: &str| mutation(id, &json!({"operation": operation}));
    push(&server, &[tag("1", "insert"), tag("2", "delete"), tag("3", "insert")]).await;
    let feed = pull(&server, "1", 1).await;
    assert_eq!((&feed["changes"][0]["serverSeq"], &feed["changes"][0]["op"]), (&json!(2), &json!("upsert")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_stored_as_it_was_sent_and_a_record_may_repeat_its_id() {
    let server = TestServer::start(SCHEMA).await;
    let todo =
        |id: &str, record: Value| mutation(id, &json!({"resource": "todos", "id": id, "record": record}));
    let odd = json!({"title": "\u{1f600}\"\\\n\u{0}", "data": {"b": [1, {"a": null}], "c": 1.5}});
    let result = push(
        &server,
        &[
            todo("1", odd.clone()),
            todo("2", json!({"id": "2", "title": "A"})),
            todo("3", json!({"id": "4", "title": "A"})),
            todo("\u{e9}\n", json!({})),
        ],
    )
    .await;
    assert_eq!(result["applied"], json!(["1", "2", "\u{e9}\n"]));
    assert_eq!(result["errors"][0]["path"], "record.id");
    let mut first = odd;
    first["id"] = json!("1");
    assert_eq!(
        clone(&server).await["data"]["todos"],
        json!([first, {"id": "2", "title": "A"}, {"id": "\u{e9}\n"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_anywhere_in_a_push_refuses_all_of_it() {
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
async fn a_record_that_nobody_could_pull_is_refused_and_the_deepest_other_comes_back() {
    let server = TestServer::start(SCHEMA).await;
    for (depth, is_taken) in [(1, true), (100, true), (101, false), (123, false), (200, false)] {
        let deep = format!("{}\"[[\"{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(
            r#"{{"clientId": "D", "mutations": [{{"clientId": "D", "mutationId": "{depth}", "resource": "todos",
                "operation": "merge", "id": "t{depth}", "record": {{"data": {deep}}}}}]}}"#
        );
        let (status, answer) = server.post_text("push", body).await;
        assert_eq!((status, &answer["result"]["ok"]), (200, &json!(is_taken)), "{depth}");
        if !is_taken {
            let error = json!({"mutationId": depth.to_string(), "code": "DFQL_INVALID", "path": "record",
                "message": "Invalid DFQL: record is nested too deeply"});
            assert_eq!(answer["result"]["errors"], json!([error]), "{depth}");
        }
    }
    let feed = pull(&server, "0", 10).await;
    let ids: Vec<_> = feed["changes"].as_array().unwrap().iter().map(|change| &change["id"]).collect();
    assert_eq!(ids, ["t1", "t100"]);
    assert_eq!(clone(&server).await["data"]["todos"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_comes_in_pages_with_each_record_as_it_is_now() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: &str, tag: &str, label: &str| mutation(id, &json!({"id": tag, "record": {"label": label}}));
    push(
        &server,
        &[
            tag("1", "a", "old"),
            tag("2", "b", "B"),
            tag("3", "a", "new"),
            mutation("4", &json!({"id": "b", "operation": "delete"})),
        ],
    )
    .await;
    let page = pull(&server, "0", 2).await;
    let record = json!({"serverSeq": 1, "resource": "tags", "id": "a", "op": "upsert", "record": {"id": "a", "label": "new"}});
    let gone = json!({"serverSeq": 2, "resource": "tags", "id": "b", "op": "delete"});
    assert_eq!((&page["changes"], &page["nextCursor"]), (&json!([record, gone]), &json!("2")));
    let page = pull(&server, "2", 2).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (2, &Value::Null));
    let page = pull(&server, "99999999999999999999999999", 2).await;
    assert_eq!(page["changes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_no_larger_than_a_client_takes_however_large_the_records_are() {
    let server = TestServer::start(SCHEMA).await;
    let tag =
        |id: String, size: usize| mutation(&id, &json!({"id": id, "record": {"label": "x".repeat(size)}}));
    for tens in 0..2 {
        let ten: Vec<_> = (0..10).map(|i| tag(format!("{tens}{i}"), 1_000_000)).collect();
        push(&server, &ten).await;
    }
    // This one fills a page alone.
    push(&server, &[tag("large".into(), 10_000_000), tag("small".into(), 1)]).await;
    let (mut cursor, mut pages, mut seen) = (json!("0"), Vec::new(), Vec::new());
    while cursor.is_string() {
        let request = json!({"clientId": "E", "cursor": cursor, "limit": 1000, "excludeOwnAfter": "0"});
        let page = server.post("pull", &request).await;
        let changes = page["changes"].as_array().unwrap();
        let sequence = changes.iter().map(|change| change["serverSeq"].as_u64().unwrap());
        seen.extend(sequence);
        pages.push(changes.len());
        assert_eq!(page["reached"], seen.last().unwrap().to_string());
        cursor = page["nextCursor"].clone();
    }
    assert_eq!(pages, [8, 8, 4, 1, 1]);
    assert_eq!(seen, (1..=22).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_never_cut_in_two() {
    let server = TestServer::start(SCHEMA).await;
    let tags: Vec<_> = (0..5).map(|i| mutation(&format!("{i}"), &json!({"id": format!("{i}")}))).collect();
    push(&server, &tags).await;
    let relate = json!({"resource": "todos", "id": "t", "operation": "relate",
        "relations": {"tags": ["0", "1", "2", "3", "4"]}});
    let todo = |id: &str| mutation(id, &json!({"resource": "todos", "id": "t", "record": {}}));
    push(&server, &[todo("todo"), mutation("relate", &relate), todo("last")]).await;
    let page = pull(&server, "6", 1).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (5, &json!("7")));
    let page = pull(&server, "5", 2).await;
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["nextCursor"]), (6, &json!("7")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_of_everybody() {
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
async fn status_tells_who_it_is_and_what_it_takes() {
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
            "sync.pull",
            "sync.push",
            "sync.pull.excludeOwn",
            "sync.push.gzip",
            "sync.push.zstd"
        ])
    );
    assert_eq!(first["cursor"], "0");
    assert_eq!(first["schemaHash"].as_str().unwrap().len(), 64);
    server.restart().await;
    let response = client().get(format!("{}/status", server.base())).send().await.unwrap();
    let again: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(again["result"]["storeId"], first["storeId"]);
}

#[tokio::test]
async fn a_pull_can_leave_out_what_its_caller_knows_and_nothing_else() {
    let server = TestServer::start(SCHEMA).await;
    let push = async |client: &str, id: &str, operation: &str, record: Value| {
        let mutation = json!({"resource": "todos", "version": 1, "operation": operation, "id": id,
            "record": record, "clientId": client, "mutationId": format!("{client}{id}{record}")});
        server.post("push", &json!({"clientId": client, "mutations": [mutation]})).await
    };
    push("me", "older", "merge", json!({"title": "a"})).await;
    push("you", "yours", "merge", json!({"title": "b", "done": true})).await;
    // From here on it is known to `me`: its own records, but not what the server has made of others.
    push("me", "mine", "merge", json!({"title": "c"})).await;
    push("me", "yours", "merge", json!({"title": "d"})).await;
    push("me", "yours", "replace", json!({"title": "e"})).await;
    push("you", "last", "merge", json!({"title": "f"})).await;
    push("me", "mine", "merge", json!({"title": "g"})).await;
    let pull = async |client: &str, limit: u64, cursor: &str| {
        let request = json!({"clientId": client, "cursor": cursor, "limit": limit, "excludeOwnAfter": "2"});
        let page = server.post("pull", &request).await;
        let changes = page["changes"].as_array().unwrap().iter();
        let changes: Vec<_> = changes.map(|change| change["serverSeq"].as_u64().unwrap()).collect();
        (changes, page["nextCursor"].clone(), page["reached"].clone())
    };
    assert_eq!(pull("me", 10, "0").await, (vec![1, 2, 4, 6], json!(null), json!("7")));
    assert_eq!(pull("you", 10, "0").await.0, [1, 2, 3, 4, 5, 7]);
    assert_eq!(pull("nobody", 10, "0").await.0.len(), 7);
    assert_eq!(pull("me", 3, "0").await, (vec![1, 2, 4], json!("4"), json!("4")));
    assert_eq!(pull("me", 3, "4").await, (vec![6], json!(null), json!("7")));
    assert_eq!(pull("me", 3, "6").await, (vec![], json!(null), json!("7")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_meets_its_answer_not_a_reset() {
    let limits = Limits { max_body_bytes: 1000, ..Limits::default() };
    let server = TestServer::start_with(SCHEMA, None, limits).await;
    let (status, answer) = server.post_text("push", " ".repeat(20_000_000)).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("LIMIT_EXCEEDED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_side_by_side_take_one_step_each() {
    let server = TestServer::start(SCHEMA).await;
    let pushes = (0..20).map(|i| {
        let mutations: Vec<_> =
            (0..25).map(|j| mutation(&format!("{i}-{j}"), &json!({"id": format!("{i}-{j}")}))).collect();
        let server = &server;
        async move { push(server, &mutations).await }
    });
    let results = futures_util::future::join_all(pushes).await;
    assert!(results.iter().all(|result| result["ok"] == true));
    let feed = pull(&server, "0", 10_000).await;
    let sequence: Vec<_> =
        feed["changes"].as_array().unwrap().iter().map(|c| c["serverSeq"].as_u64().unwrap()).collect();
    assert_eq!(sequence, (1..=500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_names_are_only_data() {
    let server = TestServer::start(
        r#"{"resources": [{"name": "sqlite_master"}, {"name": "a'; DROP TABLE change;--"}]}"#,
    )
    .await;
    for resource in ["sqlite_master", "a'; DROP TABLE change;--"] {
        for id in ["\u{0}", "'\"", "a:b", "😀", "\u{1b}[31m"] {
            let result = push(
                &server,
                &[mutation(
                    &format!("{resource}{id}"),
                    &json!({"resource": resource, "id": id, "record": {}}),
                )],
            )
            .await;
            assert_eq!(result["ok"], true, "{resource} {id:?}");
        }
    }
    assert_eq!(clone(&server).await["data"]["sqlite_master"].as_array().unwrap().len(), 5);
}

fn open(data: &Path) -> Result<ServerState, String> {
    let schema = Schema::parse(SCHEMA).unwrap();
    let config = ServerConfig { schema, data: data.to_owned(), token: None, limits: Limits::default() };
    ServerState::open(config).map_err(|error| error.to_string())
}

#[test]
fn another_programs_database_is_not_taken_for_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let error = open(&path).err().unwrap();
    assert!(error.contains("another program's database"), "{error}");
    assert!(!folder.path().join("app.db-lock").exists());
}

#[test]
fn a_store_has_one_server_at_a_time_whatever_name_it_goes_by() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.db");
    let first = open(&path).unwrap();
    let mut names = vec![path.clone(), folder.path().join(".").join("server.db")];
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        names.push(link);
    }
    for name in names {
        let error = open(&name).err().unwrap();
        for part in ["another server", "server.db-lock", "--data"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    drop(first);
    assert!(open(&path).is_ok());
}
