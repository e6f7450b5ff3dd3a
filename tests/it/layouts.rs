//! Databases that were not made for synctool: their schema is inferred, they are uploaded to
//! the real server without an edit, and pulled changes are written back the way they lie.

use std::process::Output;

use serde_json::{Value, json};

use super::common::{
    Offline, SCHEMA, Scripted, TABLES, TestServer, cloneup, database, infer, result, status, stderr, synctool,
};

/// The shape of the Chinook sample: integer keys, references, a link table, a hierarchy.
pub const CHINOOK: &str = "
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(120));
CREATE TABLE Album (AlbumId INTEGER PRIMARY KEY NOT NULL, Title NVARCHAR(160) NOT NULL,
    ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId));
CREATE TABLE Track (TrackId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(200) NOT NULL,
    AlbumId INTEGER REFERENCES Album (AlbumId), Milliseconds INTEGER NOT NULL, UnitPrice NUMERIC(10,2) NOT NULL,
    Seconds INTEGER GENERATED ALWAYS AS (Milliseconds / 1000));
CREATE TABLE Playlist (PlaylistId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(120));
CREATE TABLE PlaylistTrack (PlaylistId INTEGER NOT NULL REFERENCES Playlist (PlaylistId),
    TrackId INTEGER NOT NULL REFERENCES Track (TrackId), CONSTRAINT PK PRIMARY KEY (PlaylistId, TrackId));
CREATE TABLE Employee (EmployeeId INTEGER PRIMARY KEY NOT NULL, LastName NVARCHAR(20) NOT NULL,
    ReportsTo INTEGER REFERENCES Employee (EmployeeId), BirthDate DATETIME);
CREATE VIEW Loud AS SELECT * FROM Track;
INSERT INTO Artist VALUES (1, 'AC/DC'), (2, 'Accept'), (10, 'Billy Cobham');
INSERT INTO Album VALUES (1, 'For Those About To Rock', 1), (9, 'Balls to the Wall', 2), (10, 'Big Ones', 2);
INSERT INTO Track VALUES (1, 'For Those About To Rock', 1, 343719, 0.99), (2, 'Balls', 9, 342562, 1), (3, 'Lost', NULL, 1, 0.5);
INSERT INTO Playlist VALUES (1, 'Music'), (2, NULL);
INSERT INTO PlaylistTrack VALUES (1, 1), (1, 2), (2, 2), (2, 1);
INSERT INTO Employee VALUES (1, 'Adams', 2, '1962-02-18 00:00:00'), (2, 'Edwards', NULL, NULL), (3, 'Peacock', 1, NULL);
";

pub const POWERSYNC: &str = r#"
CREATE TABLE "ps_data__lists" (id TEXT PRIMARY KEY, data TEXT);
CREATE TABLE "ps_data__todos" (id TEXT PRIMARY KEY, data TEXT);
CREATE TABLE ps_crud (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT);
CREATE TABLE ps_oplog (bucket TEXT, data TEXT);
CREATE VIEW todos AS SELECT id, json_extract(data, '$.title') AS title FROM "ps_data__todos";
INSERT INTO "ps_data__lists" VALUES ('l1', '{"name":"Shopping","owner_id":"u1"}');
INSERT INTO "ps_data__todos" VALUES
    ('t1', '{"title":"Milk","completed":0,"list_id":"l1","tags":"[\"a\"]","position":1.5}'),
    ('t2', '{"title":"Bread","completed":1,"list_id":"l1","tags":null}');
INSERT INTO ps_crud (data) VALUES ('{"op":"PUT","id":"t1"}');
"#;

pub const WATERMELON: &str = r#"
CREATE TABLE "local_storage" ("key" varchar(16) primary key not null, "value" text not null);
CREATE TABLE "posts" ("id" primary key, "_changed", "_status", "title", "is_pinned", "created_at");
INSERT INTO posts VALUES ('p1', 'title', 'updated', 'Hello', 1, 1700000000000.0), ('p2', '', 'synced', 'World', 0, 1700000000001.0);
"#;

async fn upload(offline: &Offline, server: &TestServer) -> Output {
    let output = cloneup(offline, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    output
}

async fn serve(offline: &Offline) -> TestServer {
    TestServer::start(&std::fs::read_to_string(offline.folder().join("schema.json")).unwrap()).await
}

/// Another client's mutation.
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
async fn a_classic_database_with_integer_keys_is_uploaded_and_changed_back() {
    let offline = Offline::new(CHINOOK);
    let (schema, said) = infer(&offline);
    let names: Vec<_> =
        schema["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Album", "Artist", "Employee", "Playlist", "Track"]);
    assert_eq!(
        schema["resources"][0]["storage"],
        json!({"table": "Album", "id": "AlbumId", "idFormat": "Album:{}"})
    );
    assert!(said.contains("`PlaylistTrack` links `Playlist` to `Track`"), "{said}");

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
    // The server knows all of it already, so only the pull does something.
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
async fn ids_made_of_integers_go_in_the_order_of_their_text() {
    let offline = Offline::new(CHINOOK);
    infer(&offline);
    let scripted = Scripted::start().await;
    let output =
        cloneup(&offline, scripted.base(), &["--schema", "schema.json", "--resources", "Artist"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(scripted.subjects(), ["Artist/Artist:1", "Artist/Artist:10", "Artist/Artist:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn powersync_documents_are_records_and_its_queue_is_left_alone() {
    let offline = Offline::new(POWERSYNC);
    let (schema, said) = infer(&offline);
    assert!(said.contains("PowerSync"), "{said}");
    let names: Vec<_> =
        schema["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lists", "todos"]);
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
async fn watermelon_keeps_its_own_columns() {
    let offline = Offline::new(WATERMELON);
    let (_, said) = infer(&offline);
    assert!(said.contains("WatermelonDB"), "{said}");
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
async fn plain_tables_with_join_tables_in_the_default_place_are_recognized() {
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
fn documents_that_are_no_objects_are_refused_by_their_place() {
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

#[test]
fn a_schema_is_checked_with_and_without_a_database() {
    let offline = Offline::new(CHINOOK);
    infer(&offline);
    let check = |schema: &str, db: &[&str]| {
        let output = synctool(&offline).args(["schema", "check", schema]).args(db).output().unwrap();
        (status(&output), stderr(&output))
    };
    assert_eq!(check("schema.json", &[]), (0, "the schema is valid\n".to_owned()));
    assert_eq!(
        check("schema.json", &["--db", "app.db"]),
        (0, "the schema is valid, and the database fits it\n".to_owned())
    );
    std::fs::write(
        offline.folder().join("bad.json"),
        r#"{"resources":[{"name":"a","fields":[{"name":"x"},{"type":"y"}]}]}"#,
    )
    .unwrap();
    let (status, said) = check("bad.json", &[]);
    assert_eq!((status, said.lines().count()), (2, 2), "{said}");
    assert!(
        said.contains("resources[0].fields[0].type") && said.contains("resources[0].fields[1].name"),
        "{said}"
    );
    offline.execute("PRAGMA foreign_keys = OFF; DROP TABLE PlaylistTrack; DROP TABLE Artist");
    let (status, said) = check("schema.json", &["--db", "app.db"]);
    assert_eq!((status, said.lines().count()), (2, 2), "{said}");
    assert_eq!(check("nowhere.json", &[]).0, 2);
}

#[test]
fn inspect_shows_what_is_there_for_people_and_programs() {
    let offline = database();
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"x"}"#);
    offline.log("C", "m2", "{");
    offline.set_cursor("__global_cursor__", "7");
    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    let output = synctool(&offline).args(["inspect", "app.db", "--output", "json"]).output().unwrap();
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen["cursor"], &seen["clientId"]), (&json!("7"), &json!("C")));
    assert_eq!(seen["pending"], json!({"delete": 1, "unreadable": 1}));
    assert_eq!(seen["parts"][2], json!({"kind": "records", "name": "tags", "table": "tags", "rows": 2}));

    let offline = Offline::new(CHINOOK);
    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    assert!(stderr(&output).contains("one was inferred"), "{}", stderr(&output));
    assert_eq!(status(&synctool(&offline).args(["inspect", "no.db"]).output().unwrap()), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let offline = database();
    offline.execute("DELETE FROM __datafn_meta WHERE key = 'clientId'");
    offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"x"}"#);
    let server = TestServer::start(SCHEMA).await;
    let before = std::fs::read(offline.path()).unwrap();
    let output =
        cloneup(&offline, server.base(), &["--dry-run", "--batch-size", "1", "--events", "events"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let plan = result(&output);
    assert_eq!(
        (&plan["ok"], &plan["dryRun"], &plan["deletes"]),
        (&json!(true), &json!(true), &json!(["m1"]))
    );
    let tags = &plan["parts"][0];
    assert_eq!((&tags["name"], &tags["rows"], &tags["batches"]), (&json!("tags"), &json!(2), &json!(2)));
    assert!((200..1000).contains(&tags["estimatedBytes"].as_u64().unwrap()), "{tags}");
    assert_eq!(plan["server"], json!({"answers": true, "acceptsToken": true}));
    assert_eq!(plan["finalization"], json!({"pullFrom": "0", "setGlobalCursor": true, "drainUpTo": 1}));
    assert_eq!(std::fs::read(offline.path()).unwrap(), before);
    assert!(!offline.folder().join("events").exists());
    assert_eq!(server.post("clone", &json!({"clientId": "x"})).await["data"]["tags"], json!([]));

    let output = cloneup(&offline, "http://127.0.0.1:9/datafn", &["--dry-run"]).await;
    assert_eq!((status(&output), &result(&output)["server"]["answers"]), (4, &json!(false)));
}
