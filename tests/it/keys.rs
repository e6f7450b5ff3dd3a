//! Keys of every kind (contract 1.1): of several columns, BLOBs, integers, row ids. Each is
//! uploaded to the real server, compared, changed there, pulled back, and deleted offline. Not keys
//! that are TEXT (`upload`, `pull`), and not the inference of a schema (`layouts`).

use std::process::Output;

use serde_json::{Value, json};

use super::common::{
    Offline, Scripted, TestServer, cloneup, errors_of, mutation, push, result, status, stderr, synctool,
};

/// Tables with a key of each kind, and references and join rows between them.
const TABLES: &str = "
    CREATE TABLE reading (sensor TEXT, at INTEGER, value REAL, PRIMARY KEY (sensor, at));
    INSERT INTO reading VALUES ('a:b', 2, 1.5), ('a:b', 10, 2.5), ('50%', -1, NULL), ('a%3Ab', 2, 3.5);
    CREATE TABLE device (uuid BLOB PRIMARY KEY, name TEXT, parent BLOB REFERENCES device);
    INSERT INTO device VALUES (x'00ff', 'child', x'ff00'), (x'ff00', 'root', NULL), (x'0a', 'leaf', x'00ff');
    CREATE TABLE log (message TEXT, device BLOB, album INTEGER);
    INSERT INTO log (rowid, message, device, album) VALUES (3, 'three', x'0a', 1), (20, 'twenty', NULL, NULL);
    CREATE TABLE pair (a TEXT, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO pair VALUES ('x/y', 'z'), ('x', 'y/z'), ('x', 7), ('x', x'07');
    CREATE TABLE album (id INTEGER PRIMARY KEY, title TEXT);
    INSERT INTO album VALUES (1, 'one'), (10, 'ten'), (9, 'nine');
    CREATE TABLE mixed (k PRIMARY KEY, n INTEGER);
    INSERT INTO mixed VALUES (5, 1), ('five', 2), (x'f5', 3);
    CREATE TABLE album_device (album INTEGER, device BLOB, place INTEGER, PRIMARY KEY (album, device));
    INSERT INTO album_device VALUES (1, x'00ff', 1), (10, x'0a', 2), (1, x'ff00', 3);";

const SCHEMA: &str = r#"{"resources": [
    {"name": "reading", "storage": {"id": ["sensor", "at"]}, "fields": [
        {"name": "sensor", "type": "string"}, {"name": "at", "type": "number"},
        {"name": "value", "type": "number", "nullable": true}]},
    {"name": "device", "storage": {"id": "uuid", "idFormat": "device:{}"}, "fields": [
        {"name": "name", "type": "string"}, {"name": "parent", "type": "string", "nullable": true}]},
    {"name": "log", "storage": {"id": "rowid", "idFormat": "log-{}"}, "fields": [
        {"name": "message", "type": "string"}, {"name": "device", "type": "string", "nullable": true},
        {"name": "album", "type": "string", "nullable": true}]},
    {"name": "pair", "storage": {"id": ["a", "b"], "idFormat": "pair:{}/{}"}, "fields": []},
    {"name": "album", "storage": {"id": "id", "idFormat": "album:{}"}, "fields": [
        {"name": "title", "type": "string"}]},
    {"name": "mixed", "storage": {"id": "k", "idFormat": "mixed:{}"}, "fields": [{"name": "n", "type": "number"}]}],
  "relations": [
    {"type": "many-one", "from": "device", "to": "device", "relation": "parent", "fkField": "parent"},
    {"type": "many-one", "from": "log", "to": "device", "relation": "device", "fkField": "device"},
    {"type": "many-one", "from": "log", "to": "album", "relation": "album", "fkField": "album"},
    {"type": "many-many", "from": "album", "to": "device", "relation": "devices",
     "metadata": [{"name": "place", "type": "number"}],
     "storage": {"table": "album_device", "from": "album", "to": "device"}}]}"#;

/// The ids of all records, by resource in the order of the schema.
const IDS: [(&str, &[&str]); 6] = [
    ("reading", &["50%25:-1", "a%253Ab:2", "a%3Ab:10", "a%3Ab:2"]),
    ("device", &["device:00ff", "device:0a", "device:ff00"]),
    ("log", &["log-20", "log-3"]),
    ("pair", &["pair:x%2Fy/z", "pair:x/07", "pair:x/7", "pair:x/y%2Fz"]),
    ("album", &["album:1", "album:10", "album:9"]),
    ("mixed", &["mixed:5", "mixed:f5", "mixed:five"]),
];

fn database(sql: &str, schema: &str) -> Offline {
    let offline = Offline::new(sql);
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    offline
}

async fn upload(offline: &Offline, server: &TestServer, arguments: &[&str]) -> Output {
    let arguments = [&["--schema", "schema.json", "--client-id", "C"], arguments].concat();
    cloneup(offline, server.base(), &arguments).await
}

/// Runs the binary, which must succeed.
fn succeed(offline: &Offline, arguments: &[&str]) -> Output {
    let output = synctool(offline).args(arguments).output().unwrap();
    assert_eq!(status(&output), 0, "{arguments:?}: {}", stderr(&output));
    output
}

async fn assert_equal(offline: &Offline, server: &TestServer) {
    let (folder, base) = (offline.path(), server.base().to_owned());
    let path = folder.parent().unwrap().join("schema.json");
    let mut command = synctool(offline);
    command.args(["verify", "--remote", &base, "--db"]).arg(folder).arg("--schema").arg(path);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", String::from_utf8_lossy(&output.stdout));
}

/// The ids that the server has of a resource.
fn ids(data: &Value, resource: &str) -> Vec<String> {
    let records = data["data"][resource].as_array().unwrap().iter();
    let mut ids: Vec<_> = records.map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// The rows of a table, with the type of each value.
fn rows(offline: &Offline, sql: &str) -> Vec<String> {
    offline.rows(sql).iter().map(|row| row.join(" ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_are_uploaded_compared_pulled_back_and_deleted() {
    let offline = database(TABLES, SCHEMA);
    let server = TestServer::start(SCHEMA).await;
    let output = upload(&offline, &server, &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("VACUUM"), "{}", stderr(&output));
    let data = server.post("clone", &json!({"clientId": "x"})).await;
    for (resource, expected) in IDS {
        assert_eq!(ids(&data, resource), expected);
    }
    assert_eq!(
        data["data"]["log"],
        json!([
            {"id": "log-20", "message": "twenty", "device": null, "album": null},
            {"id": "log-3", "message": "three", "device": "device:0a", "album": "album:1"}
        ])
    );
    let ends = |row: &Value| [&row["from"], &row["to"]].map(|end| end.as_str().unwrap().to_owned());
    let joined = data["joins"]["join_album_devices_device"].as_array().unwrap().iter().map(ends);
    assert_eq!(
        joined.collect::<Vec<_>>(),
        [["album:1", "device:00ff"], ["album:1", "device:ff00"], ["album:10", "device:0a"]]
    );
    assert_equal(&offline, &server).await;

    let dump = |offline: &Offline| {
        ["reading", "device", "log", "pair", "album", "mixed", "album_device"]
            .map(|table| rows(offline, &format!("SELECT * FROM {table} ORDER BY 1, 2")))
    };
    let before = dump(&offline);
    assert_eq!(status(&upload(&offline, &server, &[]).await), 0);
    assert_eq!(dump(&offline), before, "the own records come back with the pull and change nothing");

    change_on_the_server(&server).await;
    let output = upload(&offline, &server, &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("does not fit its table").count(), 2, "{}", stderr(&output));
    assert_pulled(&offline);

    delete_offline(&offline);
    let output = upload(&offline, &server, &[]).await;
    assert_eq!(result(&output)["stats"]["deletes"], json!({"mutations": 6}), "{}", stderr(&output));
    for id in ["elsewhere", "log-x"] {
        push(&server, &[mutation(id, &json!({"resource": "log", "operation": "delete", "id": id}))]).await;
    }
    assert_equal(&offline, &server).await;
    let data = server.post("clone", &json!({"clientId": "x"})).await;
    for (resource, gone) in [
        ("reading", "a%253Ab:2"),
        ("device", "device:c0ffee"),
        ("log", "log-3"),
        ("pair", "pair:x/y%2Fz"),
        ("mixed", "mixed:f5"),
    ] {
        assert!(!ids(&data, resource).contains(&gone.to_owned()), "{data}");
    }
    assert!(ids(&data, "album").contains(&"album:1".to_owned()), "its row is there");
}

/// Client D changes a record of each resource, adds one and deletes one.
async fn change_on_the_server(server: &TestServer) {
    let change = |index: usize, (resource, id, record): &(&str, &str, Value)| {
        let operation = if record.is_null() { "delete" } else { "merge" };
        let extra = json!({"resource": resource, "id": id, "operation": operation, "record": record});
        mutation(&format!("d{index}"), &extra)
    };
    let changes = [
        ("reading", "a%3Ab:10", json!({"value": 99})),
        ("reading", "new%25%3A:-7", json!({"sensor": "new%:", "at": -7, "value": 0.5})),
        ("reading", "a%3Ab:2", Value::Null),
        ("device", "device:00ff", json!({"parent": "device:0a"})),
        ("device", "device:c0ffee", json!({"name": "new", "parent": "device:00ff"})),
        ("device", "device:0a", json!({"parent": null})),
        ("log", "log-3", json!({"device": "device:c0ffee", "album": "album:10"})),
        ("log", "log-21", json!({"message": "new", "device": "device:12", "album": "album:77"})),
        ("log", "log-20", Value::Null),
        ("pair", "pair:n%2Fn/8", json!({})),
        ("pair", "pair:x/07", Value::Null),
        ("album", "album:9", json!({"title": "NINE"})),
        ("album", "album:77", json!({"title": "new"})),
        ("mixed", "mixed:five", json!({"n": 22})),
        ("mixed", "mixed:f5", json!({"n": 33})),
        ("mixed", "mixed:6", json!({"n": 4})),
        ("mixed", "mixed:5", Value::Null),
        // Ids that no row can have.
        ("log", "elsewhere", json!({"message": "m"})),
        ("log", "log-x", json!({"message": "m"})),
    ];
    let mut mutations: Vec<_> =
        changes.iter().enumerate().map(|(index, changed)| change(index, changed)).collect();
    let relate = |id: &str, operation: &str, album: &str, device: &str| {
        let relations = json!({"devices": {"$ref": device, "place": 8}});
        mutation(
            id,
            &json!({"resource": "album", "operation": operation, "id": album, "relations": relations}),
        )
    };
    mutations.push(relate("r1", "relate", "album:77", "device:c0ffee"));
    mutations.push(relate("r2", "unrelate", "album:10", "device:0a"));
    let answer = push(server, &mutations).await;
    assert_eq!(answer["errors"], json!([]), "{answer}");
}

fn assert_pulled(offline: &Offline) {
    assert_eq!(
        rows(
            offline,
            "SELECT typeof(sensor), sensor, typeof(at), at, value FROM reading ORDER BY sensor, at"
        ),
        [
            "text 50% integer -1 NULL",
            "text a%3Ab integer 2 3.5",
            "text a:b integer 10 99.0",
            "text new%: integer -7 0.5"
        ]
    );
    assert_eq!(
        rows(offline, "SELECT typeof(uuid), uuid, name, typeof(parent), parent FROM device ORDER BY uuid"),
        [
            "blob x'00ff' child blob x'0a'",
            "blob x'0a' leaf null NULL",
            "blob x'c0ffee' new blob x'00ff'",
            "blob x'ff00' root null NULL"
        ]
    );
    assert_eq!(
        rows(offline, "SELECT rowid, message, typeof(device), device, typeof(album), album FROM log"),
        ["3 three blob x'c0ffee' integer 10", "21 new blob x'12' integer 77"]
    );
    assert_eq!(
        rows(offline, "SELECT a, typeof(b), b FROM pair ORDER BY a, b"),
        ["n/n integer 8", "x integer 7", "x text y/z", "x/y text z"]
    );
    assert_eq!(rows(offline, "SELECT * FROM album"), ["1 one", "9 NINE", "10 ten", "77 new"]);
    assert_eq!(
        rows(offline, "SELECT typeof(k), k, n FROM mixed ORDER BY n"),
        ["integer 6 4", "text five 22", "blob x'f5' 33"]
    );
    assert_eq!(
        rows(
            offline,
            "SELECT typeof(album), album, typeof(device), device, place FROM album_device ORDER BY 2, 4"
        ),
        ["integer 1 blob x'00ff' 1", "integer 1 blob x'ff00' 3", "integer 77 blob x'c0ffee' 8"]
    );
}

/// The application deletes a row of each resource and logs it, and logs the delete of an album
/// that it has written again since.
fn delete_offline(offline: &Offline) {
    offline.execute(
        "DELETE FROM reading WHERE sensor = 'a%3Ab';
         DELETE FROM album_device WHERE device = x'c0ffee'; UPDATE log SET device = NULL;
         DELETE FROM device WHERE uuid = x'c0ffee';
         DELETE FROM log WHERE rowid = 3; DELETE FROM pair WHERE b = 'y/z'; DELETE FROM mixed WHERE k = x'f5'",
    );
    for (index, (resource, id)) in [
        ("reading", "a%253Ab:2"),
        ("device", "device:c0ffee"),
        ("log", "log-3"),
        ("pair", "pair:x/y%2Fz"),
        ("mixed", "mixed:f5"),
        ("album", "album:1"),
        ("reading", "50%25:-1"),
        ("device", "device:ff00"),
        ("log", "log-21"),
        ("pair", "pair:x/7"),
        ("mixed", "mixed:6"),
    ]
    .into_iter()
    .enumerate()
    {
        let entry = json!({"resource": resource, "operation": "delete", "id": id});
        offline.log("C", &format!("m{index}"), &entry.to_string());
    }
    for (id, device) in [("gone", "device:c0ffee"), ("there", "device:00ff")] {
        let album = if id == "gone" { "album:77" } else { "album:1" };
        let relations = json!({"devices": {"$ref": device}});
        let entry =
            json!({"resource": "album", "operation": "unrelate", "id": album, "relations": relations});
        offline.log("C", id, &entry.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_sent_in_byte_order_after_those_that_they_refer_to() {
    for encoding in ["UTF-8", "UTF-16le"] {
        let offline = database(&format!("PRAGMA encoding = '{encoding}'; {TABLES}"), SCHEMA);
        let scripted = Scripted::start().await;
        let arguments = ["--schema", "schema.json", "--concurrency", "1"];
        let output = cloneup(&offline, scripted.base(), &arguments).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_sent(&scripted.mutations());
    }
}

fn assert_sent(sent: &[Value]) {
    for (resource, expected) in IDS {
        let of_resource = sent.iter().filter(|mutation| mutation["resource"] == resource);
        let records: Vec<_> = of_resource.filter(|mutation| mutation["operation"] == "merge").collect();
        let ids: Vec<_> = records.iter().map(|mutation| mutation["id"].as_str().unwrap()).collect();
        if resource == "device" {
            assert_eq!(ids, ["device:ff00", "device:00ff", "device:0a"], "parents before children");
        } else {
            assert_eq!(ids, expected);
        }
        for mutation in records {
            let id = mutation["id"].as_str().unwrap();
            let mutation_id = mutation["mutationId"].as_str().unwrap();
            assert!(mutation_id.starts_with(&format!("cloneup:rec:{resource}:{id}:")), "{mutation_id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_found_by_its_id_for_any_kind_of_value() {
    let schema = r#"{"resources": [{"name": "t", "storage": {"id": "k", "idFormat": "t:{}"}, "fields": [
        {"name": "parent", "type": "string", "nullable": true}]}],
      "relations": [{"type": "many-one", "from": "t", "to": "t", "relation": "parent", "fkField": "parent"}]}"#;
    for (columns, key) in
        [("k PRIMARY KEY, parent", ""), ("k, parent TEXT", ""), ("k PRIMARY KEY, parent", "WITHOUT ROWID")]
    {
        let offline = database(
            &format!(
                "CREATE TABLE t ({columns}) {key};
                 INSERT INTO t VALUES (1, 'ff'), (x'ff', '5'), (5, '7a'), ('7a', '9'), ('9', x'ee'), (x'ee', NULL)"
            ),
            schema,
        );
        let scripted = Scripted::start().await;
        let output = cloneup(&offline, scripted.base(), &["--schema", "schema.json"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(
            scripted.subjects(),
            ["t/t:ee", "t/t:9", "t/t:7a", "t/t:5", "t/t:ff", "t/t:1"],
            "{columns}"
        );
        assert_eq!(scripted.mutations()[5]["record"]["parent"], "t:ff");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_join_tables_of_the_default_layout_go_with_keys_of_several_columns() {
    let schema = r#"{"resources": [
        {"name": "doc", "storage": {"id": ["a", "b"], "document": "data"}, "fields": [{"name": "n", "type": "number"}]},
        {"name": "tag", "fields": []}],
      "relations": [{"type": "many-many", "from": "doc", "to": "tag", "relation": "tags"}]}"#;
    let offline = database(
        "CREATE TABLE doc (a TEXT, b INTEGER, data TEXT, PRIMARY KEY (a, b));
         INSERT INTO doc VALUES ('a:', 1, '{\"n\": 1}'), ('a', 2, '{\"n\": 2}');
         CREATE TABLE tag (id TEXT PRIMARY KEY); INSERT INTO tag VALUES ('g');
         CREATE TABLE join_doc_tags_tag (\"from\" TEXT, \"to\" TEXT); INSERT INTO join_doc_tags_tag VALUES ('a%3A:1', 'g')",
        schema,
    );
    let server = TestServer::start(schema).await;
    let output = upload(&offline, &server, &[]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_equal(&offline, &server).await;
    let relations = json!({"tags": "g"});
    let changes = [
        json!({"resource": "doc", "id": "a%3A:1", "record": {"n": 11}}),
        json!({"resource": "doc", "id": "new:3", "record": {"n": 3}}),
        json!({"resource": "doc", "id": "new:3", "operation": "relate", "relations": relations}),
        json!({"resource": "doc", "id": "a%3A:1", "operation": "unrelate", "relations": relations}),
    ];
    let changes = changes.iter().enumerate().map(|(index, change)| mutation(&format!("d{index}"), change));
    push(&server, &changes.collect::<Vec<_>>()).await;
    assert_eq!(status(&upload(&offline, &server, &[]).await), 0);
    assert_eq!(
        rows(&offline, "SELECT a, typeof(b), b, data FROM doc ORDER BY a, b"),
        [r#"a integer 2 {"n": 2}"#, r#"a: integer 1 {"n":11}"#, r#"new integer 3 {"n":3}"#]
    );
    assert_eq!(rows(&offline, "SELECT * FROM join_doc_tags_tag"), ["new:3 g"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_only_read_work_with_every_key() {
    let offline = database(TABLES, SCHEMA);
    let output = succeed(&offline, &["schema", "check", "schema.json", "--db", "app.db"]);
    assert!(stderr(&output).contains("VACUUM"), "{}", stderr(&output));
    let output = succeed(&offline, &["inspect", "app.db", "--schema", "schema.json", "--output", "json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let counts: Vec<_> = seen["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["name"].as_str().unwrap().to_owned(), part["rows"].as_u64().unwrap()))
        .collect();
    for (resource, ids) in IDS {
        assert!(counts.contains(&(resource.to_owned(), ids.len() as u64)), "{counts:?}");
    }
    let server = TestServer::start(SCHEMA).await;
    let output = upload(&offline, &server, &["--dry-run"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(result(&output)["parts"].as_array().unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_rejected_are_sent_again_alone() {
    let offline = database(TABLES, SCHEMA);
    offline.execute("CREATE TABLE was AS SELECT * FROM pair; ALTER TABLE mixed DROP COLUMN n; ALTER TABLE mixed ADD COLUMN n; UPDATE mixed SET n = 'no' WHERE k = x'f5'; UPDATE reading SET value = 'no' WHERE at = 10");
    let server = TestServer::start(SCHEMA).await;
    let output = upload(&offline, &server, &["--no-fail-fast", "--error-file", "failed.ndjson"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    offline.execute("UPDATE mixed SET n = 5; UPDATE reading SET value = 5 WHERE at = 10");
    let output = upload(&offline, &server, &["--only-failed", "failed.ndjson"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let one = json!({"records": 1, "mutations": 1});
    assert_eq!(result(&output)["stats"]["resources"], json!({"reading": one, "mixed": one}));
}

#[test]
fn a_row_without_an_id_is_refused_with_its_place_column_and_values() {
    for (table, id, row, place, message, location) in [
        (
            "k REAL, l",
            r#""k", "idFormat": "t:{}""#,
            "7, 1",
            0,
            r#"column "k" of table "t" holds 7.0"#,
            "k 7.0, rowid 1",
        ),
        (
            "k, l",
            r#""k", "idFormat": "t:{}""#,
            "1.5, 1",
            1,
            r#"column "k" of table "t" holds 1.5"#,
            "k 1.5, rowid 2",
        ),
        (
            "k, l",
            r#"["k", "l"]"#,
            "'a', NULL",
            0,
            r#"column "l" of table "t" holds NULL where "k" is 'a'"#,
            "k 'a', l NULL, rowid 2",
        ),
        (
            "k, l",
            r#"["k", "l"]"#,
            "x'', 0.5",
            1,
            r#"column "l" of table "t" holds 0.5 where "k" is x''"#,
            "k x'', l 0.5, rowid 2",
        ),
        ("k, l", r#""k", "idFormat": "{}""#, "'', 1", 0, "record id must not be empty", "k '', rowid 2"),
        ("k, l", r#""k", "idFormat": "{}""#, "x'', 1", 0, "record id must not be empty", "k x'', rowid 2"),
        (
            "k, l",
            r#""k", "idFormat": "t:{}""#,
            "'1', 1",
            1,
            "record id must be unique",
            r#"id "t:1", rowids 1 and 2"#,
        ),
        ("k, l", r#""k", "idFormat": "t:{}""#, "x'31', 1", 1, "", ""),
        ("k, l", r#"["k", "l"]"#, "'1', '1'", 1, "record id must be unique", r#"id "1:1", rowids 1 and 2"#),
        ("k, l", r#""rowid""#, "1, 1", 0, "record id must be a string", "rowid 1, rowid 1"),
        ("k, l", r#""k""#, "x'61', 1", 0, "record id must be a string", "k 1, rowid 1"),
    ] {
        let schema =
            format!(r#"{{"resources": [{{"name": "t", "storage": {{"id": {id}}}, "fields": []}}]}}"#);
        let first = if table.contains("REAL") { "" } else { "INSERT INTO t VALUES (1, 1);" };
        let offline =
            database(&format!("CREATE TABLE t ({table}); {first} INSERT INTO t VALUES ({row})"), &schema);
        let remote = ["--schema", "schema.json", "--remote", "http://127.0.0.1:9"];
        let output = synctool(&offline).args(["cloneup", "--db", "app.db"]).args(remote).output().unwrap();
        if message.is_empty() {
            // The id is t:31, which is another one: nothing is wrong but the address.
            assert_eq!(status(&output), 4, "{row}");
            continue;
        }
        assert_eq!(status(&output), 2, "{row}: {}", stderr(&output));
        let (code, printed, path) = errors_of(&output).remove(0);
        let expected = format!("records[{place}].id");
        assert_eq!((code.as_str(), &path), ("DFQL_INVALID", &expected), "{row}");
        assert!(printed.contains(message), "{row}: {printed}");
        let location = format!(r#"({path}): table "t", {location}"#);
        assert!(stderr(&output).contains(&location), "{row}: {location}\n{}", stderr(&output));
    }
}

#[test]
fn a_row_id_needs_a_table_that_has_one() {
    let schema =
        r#"{"resources": [{"name": "t", "storage": {"id": "rowid", "idFormat": "t:{}"}, "fields": []}]}"#;
    for sql in ["CREATE TABLE t (k PRIMARY KEY) WITHOUT ROWID", "CREATE VIEW t AS SELECT 1 AS k"] {
        let offline = database(sql, schema);
        let output = synctool(&offline).args(["schema", "check", "schema.json", "--db", "app.db"]).output();
        let output = output.unwrap();
        assert_ne!(status(&output), 0, "{sql}");
        assert!(stderr(&output).contains(r#"table "t" has no id column "rowid""#), "{}", stderr(&output));
    }
}
