//! Databases that were not made for synctool: their schema is inferred, they are uploaded to
//! the real server without an edit, and pulled changes are written back in their own layout
//! (contract 1.1). Not the default layout (`pull`, `values`).

use std::process::Output;

use serde_json::{Value, json};

use super::common::{
    CHINOOK, Offline, POWERSYNC, Scripted, TABLES, TestServer, WATERMELON, cloneup, infer, result, status,
    stderr, synctool,
};

/// The names of a schema's resources.
fn names(schema: &Value) -> Vec<&str> {
    schema["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["name"].as_str().unwrap())
        .collect()
}

async fn upload(offline: &Offline, server: &TestServer) -> Output {
    let output = cloneup(offline, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    output
}

async fn serve(offline: &Offline) -> TestServer {
    TestServer::start(&std::fs::read_to_string(offline.folder().join("schema.json")).unwrap()).await
}

/// Pushes one mutation as client D.
async fn push(server: &TestServer, id: &str, mutation: Value) {
    let mut mutation = mutation;
    mutation
        .as_object_mut()
        .unwrap()
        .extend([("clientId".into(), json!("D")), ("mutationId".into(), json!(id))]);
    let result = server.post("push", &json!({"clientId": "D", "mutations": [mutation]})).await;
    assert_eq!(result["ok"], true, "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_integer_keys_is_uploaded_and_pulled_into() {
    let offline = Offline::new(CHINOOK);
    let (schema, printed) = infer(&offline);
    assert_eq!(names(&schema), ["Album", "Artist", "Employee", "Playlist", "Track"]);
    assert_eq!(
        schema["resources"][0]["storage"],
        json!({"table": "Album", "id": "AlbumId", "idFormat": "Album:{}"})
    );
    assert!(printed.contains("`PlaylistTrack` links `Playlist` to `Track`"), "{printed}");

    let server = serve(&offline).await;
    let output = upload(&offline, &server).await;
    let resources = result(&output)["stats"]["resources"].as_object().unwrap().clone();
    assert_eq!(resources.len(), 5);
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(
        clone["data"]["Track"][1],
        json!({"id": "Track:2", "Name": "Balls", "AlbumId": "Album:9", "Milliseconds": 342_562, "UnitPrice": 1})
    );
    assert_eq!(clone["data"]["Employee"][0]["ReportsTo"], "Employee:2");
    assert_eq!(clone["joins"]["join_Playlist_Track_Track"].as_array().unwrap().len(), 4);

    push(&server, "1", json!({"resource": "Track", "operation": "merge", "id": "Track:2", "record": {"AlbumId": "Album:10"}})).await;
    push(
        &server,
        "2",
        json!({"resource": "Artist", "operation": "merge", "id": "Artist:77", "record": {"Name": "New"}}),
    )
    .await;
    push(&server, "3", json!({"resource": "Playlist", "operation": "relate", "id": "Playlist:2", "relations": {"Track": "Track:3"}})).await;
    push(&server, "4", json!({"resource": "Playlist", "operation": "unrelate", "id": "Playlist:1", "relations": {"Track": "Track:1"}})).await;
    push(&server, "5", json!({"resource": "Employee", "operation": "delete", "id": "Employee:3"})).await;
    push(&server, "6", json!({"resource": "Artist", "operation": "merge", "id": "elsewhere", "record": {}}))
        .await;
    // The server has applied all of it already, so only the pull has an effect.
    let output = upload(&offline, &server).await;
    assert!(stderr(&output).contains("does not fit its table"), "{}", stderr(&output));
    assert_eq!(
        offline.rows("SELECT typeof(AlbumId), AlbumId FROM Track WHERE TrackId = 2"),
        [["integer", "10"]]
    );
    assert_eq!(
        offline.rows("SELECT typeof(ArtistId), Name FROM Artist WHERE ArtistId = 77"),
        [["integer", "New"]]
    );
    assert_eq!(
        offline.rows("SELECT * FROM PlaylistTrack ORDER BY 1, 2"),
        [["1", "2"], ["2", "1"], ["2", "2"], ["2", "3"]]
    );
    assert_eq!(offline.column("SELECT EmployeeId FROM Employee"), ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_integer_keys_are_sent_in_text_order() {
    let offline = Offline::new(CHINOOK);
    infer(&offline);
    let scripted = Scripted::start().await;
    let output =
        cloneup(&offline, scripted.base(), &["--schema", "schema.json", "--resources", "Artist"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(scripted.subjects(), ["Artist/Artist:1", "Artist/Artist:10", "Artist/Artist:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn powersync_documents_are_records_and_ps_crud_is_not_changed() {
    let offline = Offline::new(POWERSYNC);
    let (schema, printed) = infer(&offline);
    assert!(printed.contains("PowerSync"), "{printed}");
    assert_eq!(names(&schema), ["lists", "todos"]);
    let server = serve(&offline).await;
    upload(&offline, &server).await;
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(
        clone["data"]["todos"],
        json!([
            {"id": "t1", "title": "Milk", "completed": 0, "list_id": "l1", "tags": ["a"], "position": 1.5},
            {"id": "t2", "title": "Bread", "completed": 1, "list_id": "l1", "tags": null, "position": null},
        ])
    );
    push(&server, "1", json!({"resource": "todos", "operation": "merge", "id": "t1", "record": {"title": "Oat milk", "tags": ["b"]}})).await;
    push(
        &server,
        "2",
        json!({"resource": "todos", "operation": "merge", "id": "t3", "record": {"title": "New"}}),
    )
    .await;
    upload(&offline, &server).await;
    let document = |id: &str| -> Value {
        let text = offline.column(&format!("SELECT data FROM ps_data__todos WHERE id = '{id}'")).remove(0);
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(
        document("t1"),
        json!({"title": "Oat milk", "completed": 0, "list_id": "l1", "tags": "[\"b\"]", "position": 1.5})
    );
    assert_eq!(document("t3")["title"], "New");
    assert_eq!(
        offline.column("SELECT data FROM ps_data__todos WHERE id = 't2'"),
        [r#"{"title":"Bread","completed":1,"list_id":"l1","tags":null}"#]
    );
    assert_eq!(offline.rows("SELECT data FROM ps_crud"), [[r#"{"op":"PUT","id":"t1"}"#]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn watermelondb_bookkeeping_columns_are_not_changed() {
    let offline = Offline::new(WATERMELON);
    let (_, printed) = infer(&offline);
    assert!(printed.contains("WatermelonDB"), "{printed}");
    let server = serve(&offline).await;
    upload(&offline, &server).await;
    let clone = server.post("clone", &json!({"clientId": "x"})).await;
    assert_eq!(
        clone["data"]["posts"][0],
        json!({"id": "p1", "title": "Hello", "is_pinned": 1, "created_at": 1_700_000_000_000_u64})
    );
    push(
        &server,
        "1",
        json!({"resource": "posts", "operation": "merge", "id": "p1", "record": {"title": "Theirs"}}),
    )
    .await;
    upload(&offline, &server).await;
    let rows = offline.rows("SELECT title, _changed, _status, created_at FROM posts WHERE id = 'p1'");
    assert_eq!(rows, [["Theirs", "title", "updated", "1700000000000.0"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn infer_recognizes_default_join_tables() {
    let offline = Offline::new(TABLES);
    offline.execute(
        "INSERT INTO todos (id, title, done, data) VALUES ('t', 'A', 1, '{\"a\":1}'), ('u', 'B', NULL, '[]');
        INSERT INTO tags VALUES ('g', 'G'); INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1.5)",
    );
    let (schema, _) = infer(&offline);
    let todos = &schema["resources"][2];
    let kind = |name: &str| {
        let fields = todos["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap()["type"].clone()
    };
    assert_eq!(
        (kind("title"), kind("data"), kind("done")),
        (json!("string"), json!("json"), json!("number"))
    );
    assert_eq!(
        schema["relations"],
        json!([{"type": "many-many", "from": "todos", "to": "tags", "relation": "tags",
        "metadata": [{"name": "order", "type": "number", "nullable": true}]}])
    );
    let server = serve(&offline).await;
    upload(&offline, &server).await;
}

#[test]
fn documents_that_are_not_objects_are_refused_with_record_index_and_column() {
    for (value, path) in
        [("NULL", "data"), ("'[]'", "data"), ("'{'", "data"), ("x'7b7d'", "data"), ("'{\"done\":2}'", "done")]
    {
        let offline = Offline::new(&format!(
            "CREATE TABLE t (id TEXT, data TEXT); INSERT INTO t VALUES ('a', '{{\"done\":true}}'), ('b', {value})"
        ));
        let schema = r#"{"resources":[{"name":"t","storage":{"document":"data"},"fields":[{"name":"done","type":"boolean"}]}]}"#;
        std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
        let arguments =
            ["cloneup", "--db", "app.db", "--schema", "schema.json", "--remote", "http://127.0.0.1:9"];
        let output = synctool(&offline).args(arguments).output().unwrap();
        assert_eq!(status(&output), 2, "{value}");
        assert_eq!(result(&output)["errors"][0]["path"], format!("records[1].{path}"), "{value}");
    }
}
