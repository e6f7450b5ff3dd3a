//! What each mutation of a push does to the reference server's records (contract 4). Not
//! relations (`serve_relations`), not the feed (`serve_feed`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, clone, mutation, pull, push};

#[tokio::test(flavor = "multi_thread")]
async fn invalid_mutations_are_rejected_one_by_one() {
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
async fn an_insert_conflicts_with_an_existing_record_a_merge_keeps_its_fields_and_a_replace_drops_them() {
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
async fn a_required_field_may_be_left_out_when_the_record_exists() {
    let server = TestServer::start(SCHEMA).await;
    let project =
        |id: &str, record: Value| mutation(id, &json!({"resource": "projects", "id": "p", "record": record}));
    let result = push(&server, &[project("1", json!({"name": "P"})), project("2", json!({}))]).await;
    assert_eq!(result["applied"], json!(["1", "2"]));
    // A required field is missing only if there is no record yet.
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
async fn a_record_is_stored_as_sent_and_may_repeat_its_id() {
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
async fn a_record_nested_over_100_levels_is_refused_and_one_of_100_levels_can_be_pulled() {
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
async fn ids_and_resource_names_are_never_run_as_sql() {
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
