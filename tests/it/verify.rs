//! `synctool verify` and `cloneup --verify` compare the server with the database (contract
//! 3.9). Not the upload that `--verify` follows (`upload`).

use std::process::Output;

use serde_json::json;
use synctool::cloneup::{Event, FailureKind};

use super::common::{
    Answer, Offline, Rig, SCHEMA, TestServer, cloneup, database, result, status, stderr, synctool, upsert,
};

fn verify(offline: &Offline, base: &str) -> Output {
    synctool(offline).args(["verify", "--db", "app.db", "--remote", base]).output().unwrap()
}

async fn uploaded() -> (TestServer, Offline) {
    let (server, offline) = (TestServer::start(SCHEMA).await, database());
    offline.execute(
        "INSERT INTO todos (id, title, done, count, note, data, photo) VALUES
             ('all', 'x', 1, 1.5, NULL, '{\"b\": null, \"a\": [1.0, 1e21]}', x'00ff'),
             ('null', NULL, NULL, 9007199254740993, 'n', 'null', NULL);
         INSERT INTO tags (id) VALUES ('v1'), ('v2');
         INSERT INTO join_todos_tags_tags VALUES ('all', 'v1', 1), ('all', 'v1', 2), ('all', 'v2', NULL)",
    );
    let output = cloneup(&offline, server.base(), &["--verify"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    (server, offline)
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_no_difference_after_an_upload_and_every_one_after_edits() {
    let (server, offline) = uploaded().await;
    let base = server.base().to_owned();
    let output = verify(&offline, &base);
    assert_eq!((status(&output), result(&output)["ok"].clone()), (0, json!(true)), "{}", stderr(&output));
    assert!(stderr(&output).contains("both sides are equal"));

    offline.execute(
        "UPDATE todos SET title = 'y' WHERE id = 'all'; INSERT INTO todos (id) VALUES ('new');
         DELETE FROM tags WHERE id = 'v2'; DELETE FROM join_todos_tags_tags WHERE \"to\" = 'v2'",
    );
    let before = std::fs::read(offline.path()).unwrap();
    let output = verify(&offline, &base);
    assert_eq!(status(&output), 1);
    let mut found = result(&output);
    let fields = found["differences"][0].as_object_mut().unwrap().remove("fields").unwrap();
    assert_eq!((fields[0]["name"].as_str(), fields.as_array().unwrap().len()), (Some("title"), 1));
    let of = |resource: &str, id: &str, kind: &str| json!({"resource": resource, "id": id, "kind": kind});
    assert_eq!(
        found["differences"],
        json!([
            of("todos", "all", "different"),
            of("todos", "new", "missing"),
            of("tags", "v2", "extra"),
            of("join_todos_tags_tags", "all:v2", "extra"),
        ])
    );
    let todos = found["tables"].as_array().unwrap().iter().find(|table| table["name"] == "todos").unwrap();
    assert_eq!((&todos["missing"], &todos["different"], &todos["extra"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(std::fs::read(offline.path()).unwrap(), before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn join_rows_are_left_out_by_either_flag_variable_or_file() {
    let (server, offline) = uploaded().await;
    let base = server.base().to_owned();
    let tables = |file: &str, variable: Option<(&str, &str)>, flags: &[&str]| {
        std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
        let mut command = synctool(&offline);
        command.args(["verify", "--db", "app.db", "--remote", &base]).args(flags).envs(variable);
        let output = command.output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        result(&output)["tables"].as_array().unwrap().len()
    };
    let all = tables("", None, &[]);
    let (off, variable) = ("include-many-many = false", "SYNCTOOL_INCLUDE_MANY_MANY");
    assert_eq!(tables(off, None, &[]), all - 1);
    assert_eq!(tables("", Some((variable, "false")), &[]), all - 1);
    for flag in ["--no-include-many-many", "--include-many-many=false"] {
        assert_eq!(tables("", None, &[flag]), all - 1, "{flag}");
    }
    assert_eq!(tables(off, None, &["--include-many-many"]), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_exits_with_4_when_the_server_cannot_be_reached() {
    let offline = database();
    let output = verify(&offline, "http://127.0.0.1:9/datafn");
    assert_eq!(status(&output), 4);
    assert_eq!(result(&output)["errors"][0]["code"], "TRANSPORT_ERROR");
    assert_eq!(status(&synctool(&offline).arg("verify").output().unwrap()), 2);
}

#[tokio::test]
async fn verify_compares_with_servers_of_the_second_dialect() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B')").await;
    rig.options.verify = true;
    rig.options.pull_after = false;
    let page = |label: &str| {
        let records = json!({"tags": [{"id": "a", "label": label}, {"id": "b", "label": "B"}], "todos": []});
        Answer::Json(200, json!({"records": records, "cursors": {"tags": "2"}}))
    };
    rig.server.script("pull", [page("A")]);
    rig.succeed().await;
    rig.server.script("pull", [page("old")]);
    let outcome = rig.run().await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
    let error = outcome.failures[0].body();
    assert_eq!((error.code.as_str(), error.path.as_str()), ("NOT_EQUAL", "tags"));
}

#[tokio::test]
async fn verify_finds_records_that_the_server_lost_and_the_next_run_sends_them_again() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A')").await;
    rig.options.verify = true;
    let outcome = rig.run().await;
    assert!(outcome.failures[0].body().message.contains("1 missing"), "{:?}", outcome.failures);
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
    rig.run().await;
    assert_eq!(rig.server.subjects(), ["tags/a", "tags/a"]);
}

#[tokio::test]
async fn edits_made_during_the_upload_are_not_differences() {
    let mut rig = Rig::new("INSERT INTO tags VALUES ('a', 'A'), ('b', 'B')").await;
    rig.options.verify = true;
    let feed = |label: &str| {
        let change = |seq, id: &str, label: &str| upsert(seq, "tags", id, &json!({"label": label}));
        Answer::Json(
            200,
            json!({"changes": [change(1, "a", "A"), change(2, "b", label)], "nextCursor": null}),
        )
    };
    rig.server.script("pull", [feed("B"), feed("B")]);
    let path = rig.offline.path();
    let outcome = rig
        .run_and(|event| {
            if matches!(event, Event::Finalizing) {
                let connection = rusqlite::Connection::open(&path).unwrap();
                let sql = r#"UPDATE tags SET label = 'later' WHERE id = 'b';
                    CREATE TABLE __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT, clientId TEXT NOT NULL,
                        mutationId TEXT NOT NULL, mutation TEXT NOT NULL, timestampMs INTEGER NOT NULL);
                    INSERT INTO __datafn_changelog VALUES (7, 'C', 'm',
                        '{"resource": "tags", "operation": "merge", "id": "b", "record": {"label": "later"}}', 0)"#;
                connection.execute_batch(sql).unwrap();
            }
        })
        .await;
    assert!(outcome.ok, "{outcome:?}");
}
