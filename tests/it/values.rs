//! How SQLite values are sent as JSON, in the bytes of the request (contract 1.2 and 3.2). Not
//! the way back (`pull`).

use serde_json::{Value, json};

use super::common::Rig;

#[tokio::test]
async fn every_kind_of_sqlite_value_is_sent_as_the_contract_maps_it() {
    for (field, sql, expected) in [
        ("done", "0", "false"),
        ("done", "1", "true"),
        ("note", "NULL", "null"),
        ("note", "'Zürich – 東京 😀'", "\"Zürich – 東京 😀\""),
        ("title", "char(1) || '\"\\' || char(10)", r#""\u0001\"\\\n""#),
        ("count", "9007199254740993", "9007199254740993"),
        ("count", "-9223372036854775808", "-9223372036854775808"),
        ("count", "0.1", "0.1"),
        ("count", "1e21", "1e+21"),
        ("count", "100.0", "100"),
        ("count", "'7'", "\"7\""),
        ("data", "'{\"b\": [1.0, 9223372036854775807], \"a\": null, \"b\": 2}'", r#"{"a":null,"b":2}"#),
        ("data", "' [1, \"x\"] '", r#"[1,"x"]"#),
        ("data", "'18446744073709551615'", "18446744073709551615"),
        ("photo", "x'00ff'", "\"AP8=\""),
        ("photo", "x''", "\"\""),
        ("photo", "5", "5"),
    ] {
        let mut rig = Rig::new(&format!("INSERT INTO todos (id, {field}) VALUES ('t', {sql})")).await;
        rig.options.include_many_many = false;
        rig.succeed().await;
        let push = &rig.server.pushes()[0];
        let note = if field == "note" { String::new() } else { ",\"note\":null".to_owned() };
        let mut fields = vec![format!("\"{field}\":{expected}")];
        if !note.is_empty() {
            fields.push("\"note\":null".to_owned());
        }
        fields.sort();
        let record = format!("\"record\":{{{}}}", fields.join(","));
        assert!(push.text.contains(&record), "{sql}: {record} is not in {}", push.text);
    }
}

#[tokio::test]
async fn null_is_sent_where_the_field_is_nullable_and_left_out_elsewhere() {
    let mut rig = Rig::new("INSERT INTO todos (id, local) VALUES ('t', 'secret')").await;
    rig.succeed().await;
    let sent = &rig.server.mutations()[0];
    assert_eq!(sent["record"], json!({"note": null}));
    assert!(!rig.server.pushes()[0].text.contains("secret"), "a local-only column left the machine");
}

#[tokio::test]
async fn null_join_metadata_is_left_out() {
    let rows = "INSERT INTO join_todos_tags_tags VALUES ('t', 'g', NULL), ('t', 'h', 1)";
    let mut rig = Rig::new(rows).await;
    rig.succeed().await;
    let sent: Vec<_> = rig.server.mutations().iter().map(|m| m["relations"]["tags"].clone()).collect();
    assert_eq!(sent, [json!({"$ref": "g"}), json!({"$ref": "h", "order": 1})]);
}

#[tokio::test]
async fn mutations_have_every_key_and_the_ids_of_the_vectors() {
    let file: Value = serde_json::from_str(include_str!("../data/mutation-id-vectors.json")).unwrap();
    let vector = |name: &str| {
        let vectors = file["vectors"].as_array().unwrap();
        vectors.iter().find(|vector| vector["name"] == name).unwrap()["mutationId"].clone()
    };
    let schema = r#"{"resources": [
        {"name": "tasks", "version": 2, "fields": [{"name": "title", "type": "string"}]},
        {"name": "tags"}],
        "relations": [{"type": "many-many", "from": "tasks", "to": "tags", "relation": "tags",
            "metadata": [{"name": "order", "type": "number"}]}]}"#;
    let sql = "CREATE TABLE tasks (id TEXT, title TEXT); CREATE TABLE tags (id TEXT);
        INSERT INTO tasks VALUES ('tasks:t1', 'Build feature');
        CREATE TABLE join_tasks_tags_tags (\"from\" TEXT, \"to\" TEXT, \"order\" INTEGER);
        INSERT INTO join_tasks_tags_tags VALUES ('tasks:t1', 'tags:tag1', 1);";
    let mut rig = Rig::with(schema, sql).await;
    rig.succeed().await;
    assert_eq!(
        rig.server.mutations(),
        [
            json!({"resource": "tasks", "version": 2, "operation": "merge", "id": "tasks:t1",
                "record": {"title": "Build feature"}, "clientId": "C", "mutationId": vector("one string field")}),
            json!({"resource": "tasks", "version": 2, "operation": "relate", "id": "tasks:t1",
                "relations": {"tags": {"$ref": "tags:tag1", "order": 1}}, "clientId": "C",
                "mutationId": vector("join row with metadata")}),
        ]
    );
}
