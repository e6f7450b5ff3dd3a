//! What `schema infer` makes of layouts that applications have, what it says about them, and what
//! `inspect` and uploads say of what is left out. Not whole runs of known layouts (`layouts`), not
//! random databases (`infer_property`).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::common::{Offline, POWERSYNC, TestServer, cloneup, infer, result, status, stderr, synctool};

/// The resource of that name in an inferred schema.
fn resource<'s>(schema: &'s Value, name: &str) -> &'s Value {
    let resources = schema["resources"].as_array().unwrap();
    resources.iter().find(|resource| resource["name"] == name).unwrap_or_else(|| panic!("{name}: {schema:#}"))
}

/// The names of all resources.
fn names(schema: &Value) -> Vec<&str> {
    let resources = schema["resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect()
}

/// The type of a field.
fn kind<'s>(schema: &'s Value, of: &str, name: &str) -> &'s Value {
    let fields = resource(schema, of)["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == name);
    &field.unwrap_or_else(|| panic!("{name}: {fields:?}"))["type"]
}

/// Type, `from`, `to`, name and field of each relation.
fn relations(schema: &Value) -> Vec<[&str; 5]> {
    let relations = schema["relations"].as_array().unwrap();
    relations
        .iter()
        .map(|relation| {
            ["type", "from", "to", "relation", "fkField"]
                .map(|key| relation[key].as_str().unwrap_or_default())
        })
        .collect()
}

#[test]
fn the_keys_of_every_document_are_inferred() {
    let mut sql = "CREATE TABLE ps_data__tasks (id TEXT PRIMARY KEY, data TEXT);".to_owned();
    for row in 0..1500 {
        let assignee = if row < 1000 { "" } else { r#", "assignee": "u1""# };
        let _ = write!(sql, "INSERT INTO ps_data__tasks VALUES ('{row:04}', '{{\"n\": {row}{assignee}}}');");
    }
    let offline = Offline::new(&format!("BEGIN; {sql} COMMIT"));
    let (schema, _) = infer(&offline);
    assert_eq!(
        (kind(&schema, "tasks", "assignee"), kind(&schema, "tasks", "n")),
        (&json!("string"), &json!("number"))
    );
}

#[test]
fn references_in_documents_are_guessed() {
    let offline = Offline::new(POWERSYNC);
    let (schema, printed) = infer(&offline);
    assert_eq!(relations(&schema), [["many-one", "todos", "lists", "list", "list_id"]]);
    assert!(
        printed.contains("`list_id` of `ps_data__todos` refers to `ps_data__lists`: a guess"),
        "{printed}"
    );
    offline.execute(r#"UPDATE ps_data__todos SET data = '{"list_id":"gone"}' WHERE id = 't1'"#);
    assert_eq!(infer(&offline).0["relations"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_schema_lacks_are_warned_about_at_every_upload() {
    let offline = Offline::new(POWERSYNC);
    let schema = r#"{"resources": [
        {"name": "lists", "storage": {"table": "ps_data__lists", "document": "data"}, "fields": [
            {"name": "name", "type": "string"}, {"name": "owner", "type": "string", "column": "owner_id"}]},
        {"name": "todos", "storage": {"table": "ps_data__todos", "document": "data"}, "fields": [
            {"name": "title", "type": "string"}, {"name": "completed", "type": "number"}]}]}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let server = TestServer::start(schema).await;
    for _ in 0..2 {
        let output = cloneup(&offline, server.base(), &["--schema", "schema.json"]).await;
        let printed = stderr(&output);
        assert_eq!(status(&output), 0, "{printed}");
        let warnings: Vec<_> = printed.lines().filter(|line| line.contains("does not name")).collect();
        let [warning] = warnings.as_slice() else { panic!("one warning a resource: {printed}") };
        for part in ["2 documents", "`todos`", "`list_id`", "`position`", "`tags`"] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
        assert!(printed.contains("1 PUT"), "{printed}");
    }
}

#[test]
fn entries_of_powersyncs_upload_queue_are_counted_by_operation() {
    let offline = Offline::new(&format!(
        "{POWERSYNC} INSERT INTO ps_crud (data) VALUES ('{{\"op\":\"PATCH\"}}'), ('{{\"op\":\"DELETE\"}}'), ('{{\"op\":\"DELETE\"}}'), ('x')"
    ));
    let (_, printed) = infer(&offline);
    let output = synctool(&offline).args(["inspect", "app.db"]).output().unwrap();
    for printed in [printed, stderr(&output)] {
        assert!(printed.contains("2 DELETE, 1 PATCH, 1 PUT, 1 unreadable"), "{printed}");
    }
}

#[test]
fn text_is_inferred_as_json_only_where_a_round_trip_keeps_it() {
    let offline = Offline::new(
        r#"CREATE TABLE t (id TEXT PRIMARY KEY, exact, big, again, digits, mixed, deep);
        INSERT INTO t VALUES ('a', '{"n":1.50}', '[12345678901234567890123]', '{"a":1,"a":2}', '[0.1]', '[]', '[1]'),
            ('b', NULL, '[1]', '[]', '[0.10000000000000000001]', '[1', NULL);
        UPDATE t SET deep = replace(printf('%0120d', 0), '0', '[') || replace(printf('%0120d', 0), '0', ']') WHERE id = 'a'"#,
    );
    let (schema, printed) = infer(&offline);
    for (name, expected) in [
        ("exact", "json"),
        ("big", "string"),
        ("again", "string"),
        ("digits", "string"),
        ("mixed", "string"),
        ("deep", "string"),
    ] {
        assert_eq!(kind(&schema, "t", name), expected, "{name}");
    }
    assert!(printed.contains("all text in `exact` of `t` is JSON: the type `json` is a guess"), "{printed}");
    assert!(printed.contains("all text in `big`, `again`, `digits` of `t` is JSON, but"), "{printed}");
}

#[test]
fn tables_of_many_columns_are_inferred_and_inspected() {
    for count in [286, 1999] {
        let columns: Vec<_> = (0..count).map(|number| format!("c{number} TEXT")).collect();
        let offline = Offline::new(&format!(
            "CREATE TABLE wide (id TEXT PRIMARY KEY, {}); INSERT INTO wide (id, c{}) VALUES ('a', 'x')",
            columns.join(", "),
            count - 1
        ));
        let (schema, _) = infer(&offline);
        assert_eq!(resource(&schema, "wide")["fields"].as_array().unwrap().len(), count);
        let output =
            synctool(&offline).args(["inspect", "app.db", "--schema", "schema.json"]).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
    }
}

#[test]
fn tables_of_tools_are_recognized_by_their_whole_names() {
    let own = ["ps_product", "local_storage_units", "android_metadata_log", "room_master_table2", "ps_"];
    let tools = ["ps_kv", "local_storage", "android_metadata", "room_master_table", "Z_METADATA"];
    let mut sql = String::new();
    for name in own.iter().chain(&tools) {
        let _ =
            write!(sql, "CREATE TABLE {name} (id TEXT PRIMARY KEY, n); INSERT INTO {name} VALUES ('a', 1);");
    }
    let (schema, printed) = infer(&Offline::new(&sql));
    let mut expected = own.to_vec();
    expected.sort_unstable();
    assert_eq!(names(&schema), expected);
    for name in tools {
        assert!(printed.contains(&format!("`{name}` is left out: it is a table of ")), "{printed}");
    }
}

#[test]
fn infer_and_inspect_name_what_is_left_out() {
    let offline = Offline::new(
        "CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT, price REAL, total REAL GENERATED ALWAYS AS (price * 2), \
             loud TEXT GENERATED ALWAYS AS (upper(body)) STORED);
         INSERT INTO notes (id, body, price) VALUES ('a', 'x', 1.5);
         CREATE VIRTUAL TABLE notes_fts USING fts5(body);
         CREATE VIRTUAL TABLE places USING rtree(id, a, b);
         CREATE VIEW cheap AS SELECT * FROM notes;
         CREATE TABLE infinite (id TEXT PRIMARY KEY, x REAL); INSERT INTO infinite VALUES ('a', 9e999)",
    );
    let (schema, printed) = infer(&offline);
    assert_eq!(names(&schema), ["infinite", "notes"]);
    for part in [
        "`cheap` is left out: it is a view",
        "`notes_fts` is left out: it is a virtual table (`fts5`), and so is what it keeps in `notes_fts_config`",
        r#"{"storage":{"id":"rowid","idFormat":"notes_fts:{}","table":"notes_fts"}}"#,
        "`places` is left out: it is a virtual table (`rtree`)",
        "`total`, `loud` of `notes` are left out: generated columns",
        "column `x` of `infinite` is left out: it holds an infinite number",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let inspect = |arguments: &[&str]| {
        let output = synctool(&offline).args(["inspect", "app.db"]).args(arguments).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let printed = inspect(&[]);
    for part in [
        "cheap: it is a view",
        "notes_fts: it is a virtual table (`fts5`)",
        "notes.total: it is a generated column",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    std::fs::write(offline.folder().join("one.json"), r#"{"resources": [{"name": "notes"}]}"#).unwrap();
    let printed: Value =
        serde_json::from_str(&inspect(&["--schema", "one.json", "--output", "json"])).unwrap();
    let left_out = printed["leftOut"].as_array().unwrap();
    let why = |table: &str| &left_out.iter().find(|it| it["table"] == table).unwrap()["why"];
    assert_eq!(why("infinite"), "the schema does not name it");
    assert_eq!(why("places_node"), "the virtual table `places` keeps its data in it");
}

#[test]
fn each_kind_of_key_has_its_storage() {
    let offline = Offline::new(
        "CREATE TABLE pair (a INTEGER, b TEXT, v, PRIMARY KEY (b, a)); INSERT INTO pair VALUES (1, 'x', 2);
         CREATE TABLE tiles (z INTEGER, x INTEGER, y INTEGER, data BLOB); CREATE UNIQUE INDEX i ON tiles (z, x, y);
         INSERT INTO tiles VALUES (1, 2, 3, x'00');
         CREATE TABLE nullable (a TEXT UNIQUE, b TEXT NOT NULL UNIQUE); INSERT INTO nullable VALUES (NULL, 'x');
         CREATE TABLE blob (id BLOB PRIMARY KEY, v); INSERT INTO blob VALUES (x'00ff', 1);
         CREATE TABLE none (a, b); INSERT INTO none VALUES (1, 1), (1, 1);
         CREATE TABLE reals (at REAL PRIMARY KEY, v); INSERT INTO reals VALUES (1.5, 1);
         CREATE TABLE message (ROWID INTEGER PRIMARY KEY, id TEXT); INSERT INTO message VALUES (7, 'guid');
         CREATE TABLE same (k PRIMARY KEY, v); INSERT INTO same VALUES (1, 'a'), ('1', 'b');
         CREATE TABLE hopeless (k REAL PRIMARY KEY) WITHOUT ROWID; INSERT INTO hopeless VALUES (0.5);
         CREATE TABLE empty (id TEXT PRIMARY KEY); INSERT INTO empty VALUES (''), ('a')",
    );
    let (schema, printed) = infer(&offline);
    for (name, id, format) in [
        ("pair", json!(["b", "a"]), json!(null)),
        ("tiles", json!(["z", "x", "y"]), json!(null)),
        ("nullable", json!("b"), json!(null)),
        ("blob", json!("id"), json!("blob:{}")),
        ("none", json!("rowid"), json!("none:{}")),
        ("reals", json!("rowid"), json!("reals:{}")),
        ("message", json!("ROWID"), json!("message:{}")),
        ("same", json!("rowid"), json!("same:{}")),
        ("empty", json!("id"), json!("empty:{}")),
    ] {
        let storage = &resource(&schema, name)["storage"];
        assert_eq!((&storage["id"], &storage["idFormat"]), (&id, &format), "{name}");
    }
    // The column `id` cannot have its name on the wire, where it is the record's id.
    assert_eq!(resource(&schema, "message")["fields"][0]["name"], "id_");
    assert_eq!(resource(&schema, "message")["fields"][0]["column"], "id");
    // The columns of a key of several are fields too.
    assert_eq!(kind(&schema, "pair", "b"), "string");
    for part in [
        "`none` has no key: the ids of `none` are made from its row ids",
        "VACUUM may renumber them",
        "`reals` has no key (`at` of its key holds floating-point numbers)",
        "`same` has no key (two rows have the same `k`)",
        "its unique index over `z`, `x`, `y` is its key",
        "the ids of `pair` are made from columns `b`, `a` with the template {}:{}",
        "`hopeless` is left out: `k` of its key holds floating-point numbers; make a view",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

/// Core Data numbers its entities; the columns of a join table are named after them.
#[tokio::test(flavor = "multi_thread")]
async fn junctions_without_foreign_keys_are_guessed() {
    let offline = Offline::new(
        "CREATE TABLE ZTODO (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZLIST INTEGER, ZTITLE VARCHAR);
         CREATE TABLE ZLABEL (Z_PK INTEGER PRIMARY KEY, ZNAME VARCHAR);
         CREATE TABLE ZLIST (Z_PK INTEGER PRIMARY KEY, ZNAME VARCHAR);
         CREATE TABLE Z_1TAGS (Z_1TODOS INTEGER, Z_2TAGS INTEGER, PRIMARY KEY (Z_1TODOS, Z_2TAGS));
         CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER);
         INSERT INTO Z_PRIMARYKEY VALUES (1, 'Todo', 0, 2), (2, 'Label', 0, 1), (3, 'List', 0, 1);
         INSERT INTO ZTODO VALUES (1, 1, 1, 'a'), (2, 1, NULL, 'b'); INSERT INTO ZLABEL VALUES (1, 'l'), (2, 'm');
         INSERT INTO ZLIST VALUES (1, 'x'); INSERT INTO Z_1TAGS VALUES (1, 1), (2, 2);
         CREATE TABLE todo (id TEXT PRIMARY KEY, n); CREATE TABLE tags (id TEXT PRIMARY KEY, n);
         CREATE TABLE TodoTagCrossRef (todo_id TEXT NOT NULL, tagId TEXT NOT NULL, at INTEGER);
         CREATE UNIQUE INDEX r ON TodoTagCrossRef (todo_id, tagId);
         INSERT INTO todo VALUES ('a', 1); INSERT INTO tags VALUES ('g', 1), ('h', 2);
         INSERT INTO TodoTagCrossRef VALUES ('a', 'g', 5), ('a', 'h', 6)",
    );
    let (schema, printed) = infer(&offline);
    assert_eq!(names(&schema), ["ZLABEL", "ZLIST", "ZTODO", "tags", "todo"]);
    assert_eq!(
        relations(&schema),
        [
            ["many-one", "ZTODO", "ZLIST", "ZLIST", "ZLIST"],
            ["many-many", "todo", "tags", "tags", ""],
            ["many-many", "ZTODO", "ZLABEL", "ZLABEL", ""],
        ]
    );
    assert!(
        printed.contains("`Z_1TAGS` links `ZTODO` to `ZLABEL`: the many-many relation `ZLABEL` (a guess"),
        "{printed}"
    );
    assert!(printed.contains("`ZLIST` of `ZTODO` refers to `ZLIST`: a guess"), "{printed}");
    let server = TestServer::start(&schema.to_string()).await;
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let stores = &result(&output)["stats"]["joinStores"];
    assert_eq!(stores["join_todo_tags_tags"]["rows"], 2, "{stores}");
    assert_eq!(stores["join_ZTODO_ZLABEL_ZLABEL"]["rows"], 2, "{stores}");
}

#[test]
fn a_link_to_records_that_are_not_there_becomes_a_resource() {
    let offline = Offline::new(
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);
         CREATE TABLE a_b (a_id REFERENCES a, b_id REFERENCES b, PRIMARY KEY (a_id, b_id));
         INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO a_b VALUES (1, 1), (1, 2)",
    );
    let (schema, printed) = infer(&offline);
    assert_eq!(names(&schema), ["a", "a_b", "b"]);
    assert!(
        printed.contains("the records of `b` that `b_id` of 1 rows refers to are not there"),
        "{printed}"
    );
    assert_eq!(relations(&schema).iter().map(|it| it[4]).collect::<Vec<_>>(), ["a_id", "b_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn references_that_ids_cannot_express_stay_plain_fields() {
    let offline = Offline::new(
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE texts (id TEXT PRIMARY KEY); CREATE TABLE \"odd{}name\" (id INTEGER PRIMARY KEY);
         CREATE TABLE t (id TEXT PRIMARY KEY, i INTEGER REFERENCES texts, r REAL REFERENCES \"odd{}name\",
             n INTEGER REFERENCES \"odd{}name\", x REFERENCES nowhere);
         INSERT INTO texts VALUES ('1'); INSERT INTO \"odd{}name\" VALUES (2); INSERT INTO t VALUES ('a', 1, 2.0, 2, 5)",
    );
    let (schema, printed) = infer(&offline);
    assert_eq!(relations(&schema), [["many-one", "t", "odd{}name", "n", "n"]]);
    assert_eq!((kind(&schema, "t", "i"), kind(&schema, "t", "r")), (&json!("number"), &json!("number")));
    for part in [
        "`i` of `t` refers to `texts`, but is no relation: it holds integers",
        "`x` of `t` refers to `nowhere`",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let server = TestServer::start(&schema.to_string()).await;
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_table_that_links_others_and_marks_deleted_rows_stays_a_resource() {
    let tables = |own: &str| {
        format!(
            "CREATE TABLE posts (id TEXT PRIMARY KEY); CREATE TABLE tags (id TEXT PRIMARY KEY);
             CREATE TABLE post_tags (post_id TEXT REFERENCES posts, tag_id TEXT REFERENCES tags{own},
                 PRIMARY KEY (post_id, tag_id));
             CREATE TABLE join_posts_tags_tags (\"from\" TEXT, \"to\" TEXT{own}, PRIMARY KEY (\"from\", \"to\"))"
        )
    };
    let links = ["join_posts_tags_tags", "post_tags"];
    let (schema, _) = infer(&Offline::new(&tables("")));
    assert_eq!(names(&schema), ["posts", "tags"]);
    assert_eq!(relations(&schema).iter().filter(|relation| relation[0] == "many-many").count(), 2);
    let (schema, printed) = infer(&Offline::new(&tables(", _Status TEXT, _changed TEXT")));
    assert_eq!(names(&schema), [links[0], "post_tags", "posts", "tags"]);
    assert_eq!(relations(&schema).iter().filter(|relation| relation[0] == "many-many").count(), 0);
    for link in links {
        let resource = resource(&schema, link);
        let deleted_when = json!({"column": "_Status", "values": ["deleted"]});
        assert_eq!(resource["storage"]["deletedWhen"], deleted_when);
        let fields: Vec<_> =
            resource["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
        assert_eq!(fields.len(), 2, "{fields:?}");
        assert!(printed.contains(&format!("`{link}` links two tables, but becomes a resource")), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_columns_with_reserved_keys_are_not_inferred_as_json() {
    let offline = Offline::new(
        r#"CREATE TABLE t (id TEXT PRIMARY KEY, meta TEXT, plain TEXT, "$serde_json::private::Number" TEXT);
        INSERT INTO t VALUES ('a', '{"$serde_json::private::Number":"1"}', '{"a":1}', 'x'), ('b', '{}', '[]', 'y')"#,
    );
    let (schema, printed) = infer(&offline);
    assert_eq!(kind(&schema, "t", "meta"), "string");
    assert_eq!(kind(&schema, "t", "plain"), "json");
    assert_eq!(resource(&schema, "t")["fields"].as_array().unwrap().len(), 2);
    assert!(printed.contains("its name is reserved") && printed.contains("reserved keys"), "{printed}");
    let server = TestServer::start(&schema.to_string()).await;
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json", "--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_documents_that_are_marked_as_deleted_are_not_warned_about() {
    let offline = Offline::new(
        r#"CREATE TABLE docs (id TEXT PRIMARY KEY, data TEXT, gone INTEGER);
        INSERT INTO docs VALUES ('a', '{"title":"A"}', 0), ('b', '{"title":"B","old":1}', 1)"#,
    );
    let schema = r#"{"resources": [{"name": "docs", "fields": [{"name": "title", "type": "string"}],
        "storage": {"table": "docs", "document": "data", "deletedWhen": {"column": "gone", "values": [1]}}}]}"#;
    std::fs::write(offline.folder().join("schema.json"), schema).unwrap();
    let server = TestServer::start(schema).await;
    let output = cloneup(&offline, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("does not name"), "{}", stderr(&output));
}
