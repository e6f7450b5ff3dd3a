//! Join rows whose records are not in the database are warned of before the first byte is sent
//! (contract 3.1, step 1). Not what the server says about them (`rejected`).

use serde_json::json;

use super::common::{
    CHINOOK, Offline, Rig, SCHEMA, TestServer, cloneup, database, infer, result, status, stderr, synctool,
};

const ROWS: &str = "INSERT INTO todos (id) VALUES ('t'); INSERT INTO join_todos_tags_tags VALUES
    ('t', 'g', 1), ('t', 'gone', 1), ('gone', 'h', 1), ('t', 'h', 1)";

const WARNING: &str = "2 join rows of join_todos_tags_tags refer to records that are not in the database: \
    \"gone\" → \"h\", \"t\" → \"gone\"; a server that lacks them rejects these rows";

#[tokio::test(flavor = "multi_thread")]
async fn plan_dry_run_inspect_and_schema_check_warn_of_join_rows_without_records() {
    let offline = database();
    offline.execute(ROWS);
    let server = TestServer::start(SCHEMA).await;
    let line = format!("warning: {WARNING}");
    let output = cloneup(&offline, server.base(), &["--dry-run"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(result(&output)["warnings"], json!([WARNING]));
    assert!(stderr(&output).lines().any(|printed| printed == line), "{}", stderr(&output));

    std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
    for arguments in [&["inspect", "app.db"][..], &["schema", "check", "schema.json", "--db", "app.db"]] {
        let output = synctool(&offline).args(arguments).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert!(stderr(&output).contains(&line), "{}", stderr(&output));
    }

    let output = cloneup(&offline, server.base(), &["--no-fail-fast"]).await;
    assert_eq!(status(&output), 1);
    assert!(stderr(&output).contains(WARNING), "{}", stderr(&output));
    assert_eq!(result(&output)["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_join_row_of_a_record_that_is_marked_as_deleted_is_dangling() {
    for key in [r#""id": "id""#, r#""id": "id", "idFormat": "x:{}""#] {
        let storage = format!(r#"{{{key}, "deletedWhen": {{"column": "gone", "values": [1]}}}}"#);
        let schema = format!(
            r#"{{"resources": [{{"name": "todos", "storage": {storage}}}, {{"name": "tags", "storage": {storage}}}],
                "relations": [{{"type": "many-many", "from": "todos", "to": "tags", "relation": "tags"}}]}}"#
        );
        let tables = r#"CREATE TABLE todos (id TEXT PRIMARY KEY, gone); CREATE TABLE tags (id TEXT PRIMARY KEY, gone);
            CREATE TABLE join_todos_tags_tags ("from" TEXT, "to" TEXT);
            INSERT INTO todos VALUES ('t', NULL), ('u', 1); INSERT INTO tags VALUES ('g', 0), ('h', 1);
            INSERT INTO join_todos_tags_tags VALUES ('t', 'g'), ('t', 'h'), ('u', 'g')"#;
        let mut rig = Rig::with(&schema, tables).await;
        rig.succeed().await;
        assert!(rig.warnings[0].starts_with("2 join rows of join_todos_tags_tags"), "{:?}", rig.warnings);
    }
}

#[tokio::test]
async fn a_whole_database_is_not_warned_of() {
    let mut rig = Rig::new(
        "INSERT INTO tags VALUES ('g', 'G'); INSERT INTO todos (id) VALUES ('t');
        INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1)",
    )
    .await;
    rig.succeed().await;
    assert_eq!(rig.warnings, Vec::<String>::new());
    // The scope of a run says nothing about which records are there.
    rig.options.resources = Some(vec!["todos".to_owned()]);
    rig.succeed().await;
    assert_eq!(rig.warnings, Vec::<String>::new());
}

#[test]
fn integer_keys_with_a_template_are_compared_as_ids() {
    let offline = Offline::new(CHINOOK);
    infer(&offline);
    let check = || {
        let arguments = ["schema", "check", "schema.json", "--db", "app.db"];
        stderr(&synctool(&offline).args(arguments).output().unwrap())
    };
    assert!(!check().contains("refer"), "{}", check());
    offline.execute("PRAGMA foreign_keys = OFF; INSERT INTO PlaylistTrack VALUES (1, 77)");
    assert!(check().contains("1 join row of "), "{}", check());
}
