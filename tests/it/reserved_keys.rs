//! JSON with the keys that `serde_json` reserves is refused on both sides: the server could not
//! give it back, and the client would send another value. Not other JSON values (`values`).

use serde_json::json;

use super::common::{Rig, SCHEMA, TestServer, cloneup, database, pull, push, stderr};

/// Objects with such a key, written in several ways.
const RESERVED: [&str; 6] = [
    r#"{"$serde_json::private::RawValue":"not JSON"}"#,
    r#"{"$serde_json::private::RawValue":"[1]"}"#,
    r#"[1,{"a":{"$serde_json::private::Number":"1"}}]"#,
    r#"{"a":1,"$serde_json::private::Other":2}"#,
    r#"{"\u0024serde_json::private::RawValue":"not JSON"}"#,
    r#"{"$serde\u005Fjson\u003a:private::RawValue" : "not JSON"}"#,
];

/// JSON that is like it and harmless.
const HARMLESS: [&str; 3] = [
    r#""$serde_json::private::RawValue""#,
    r#"{"a":"\"$serde_json::private::RawValue\":1"}"#,
    r#"{"$serde_json":"\u0024","x$serde_json::private::RawValue":1}"#,
];

/// A push of client D with one record of `todos`, whose text stays as it is.
fn body(id: &str, operation: &str, record: &str) -> String {
    format!(
        r#"{{"clientId":"D","mutations":[{{"clientId":"D","mutationId":"{id}","resource":"todos","version":3,
            "operation":"{operation}","id":"{id}","record":{record}}}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_rejects_a_record_with_a_reserved_key_and_pulls_go_on() {
    let server = TestServer::start(SCHEMA).await;
    for operation in ["insert", "merge", "replace"] {
        for (index, json) in RESERVED.iter().enumerate() {
            let id = format!("{operation}-{index}");
            let record = format!(r#"{{"title":"x","data":{json}}}"#);
            let (status, answer) = server.post_text("push", body(&id, operation, &record)).await;
            assert_eq!(status, 200, "{answer}");
            let error = &answer["result"]["errors"][0];
            assert_eq!((&error["code"], &error["path"]), (&json!("DFQL_INVALID"), &json!("record.data")));
        }
    }
    for (index, json) in HARMLESS.iter().enumerate() {
        let id = format!("harmless-{index}");
        let (_, answer) =
            server.post_text("push", body(&id, "merge", &format!(r#"{{"data":{json}}}"#))).await;
        assert_eq!(answer["result"]["applied"], json!([id]), "{answer}");
    }
    let changes = pull(&server, "0", 100).await["changes"].take();
    let data: Vec<_> =
        changes.as_array().unwrap().iter().map(|change| change["record"]["data"].clone()).collect();
    let expected = HARMLESS.map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap());
    assert_eq!(data, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_rejects_relations_with_a_reserved_key() {
    let schema =
        SCHEMA.replace(r#"{"name": "order", "type": "number"}"#, r#"{"name": "order", "type": "json"}"#);
    let server = TestServer::start(&schema).await;
    let record = |resource: &str, id: &str| {
        json!({"clientId": "D", "mutationId": id, "resource": resource, "version": 1, "operation": "merge",
            "id": id, "record": {}})
    };
    push(&server, &[record("todos", "t"), record("tags", "g")]).await;
    for (index, json) in RESERVED.iter().enumerate() {
        let body = format!(
            r#"{{"clientId":"D","mutations":[{{"clientId":"D","mutationId":"r{index}","resource":"todos","version":3,
                "operation":"relate","id":"t","relations":{{"tags":{{"$ref":"g","order":{json}}}}}}}]}}"#
        );
        let (status, answer) = server.post_text("push", body).await;
        assert_eq!(status, 200, "{answer}");
        let error = &answer["result"]["errors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!("DFQL_INVALID"), &json!("relations")), "{json}");
    }
    assert_eq!(pull(&server, "0", 100).await["changes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_client_refuses_a_row_with_a_reserved_key_before_anything_is_sent() {
    for json in RESERVED {
        let mut rig =
            Rig::new(&format!("INSERT INTO todos (id, data) VALUES ('a', '1'), ('t', '{json}')")).await;
        let (code, message, path) = rig.fail().await;
        assert_eq!((code.as_str(), path.as_str()), ("DFQL_INVALID", "records[1].data"), "{message}");
        let expected = "data of todos \"t\" must not have a key that begins with $serde_json::private::";
        assert!(message.ends_with(expected), "{message}");
        assert!(rig.server.requests().is_empty(), "something was sent");
    }
    for json in HARMLESS {
        let mut rig = Rig::new(&format!("INSERT INTO todos (id, data) VALUES ('t', '{json}')")).await;
        rig.succeed().await;
        let sent = &rig.server.mutations()[0]["record"]["data"];
        assert_eq!(*sent, serde_json::from_str::<serde_json::Value>(json).unwrap());
    }
}

#[tokio::test]
async fn the_client_refuses_a_document_with_a_reserved_key() {
    let schema = r#"{"resources": [{"name": "docs", "storage": {"id": "id", "document": "body"},
        "fields": [{"name": "meta", "type": "json"}]}]}"#;
    for json in RESERVED {
        let text = serde_json::to_string(json).unwrap();
        // As a value of the document, and as text in it.
        for document in [format!(r#"{{"meta":{json}}}"#), format!(r#"{{"meta":{text}}}"#)] {
            let sql = format!(
                "CREATE TABLE docs (id TEXT, body TEXT); INSERT INTO docs VALUES ('d', '{document}')"
            );
            let mut rig = Rig::with(schema, &sql).await;
            let (code, message, _) = rig.fail().await;
            assert_eq!(code, "DFQL_INVALID");
            assert!(message.contains("docs \"d\" must not have a key"), "{document}: {message}");
            assert!(rig.server.requests().is_empty(), "something was sent");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_names_field_table_and_id() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    offline.execute(&format!("INSERT INTO todos (id, data) VALUES ('t', '{}')", RESERVED[0]));
    let output = cloneup(&offline, server.base(), &[]).await;
    assert_eq!(output.status.code(), Some(2));
    let expected = r#"data of todos "t" must not have a key that begins with $serde_json::private:: (records[0].data): table "todos", id "t", rowid 1"#;
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}
