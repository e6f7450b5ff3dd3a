//! Rejected mutations are written to the file of `--error-file`, and `--only-failed` sends
//! only those (contract 3). Not what counts as rejected (`push`).

use serde_json::{Value, json};

use super::common::{SCHEMA, TestServer, cloneup, database, errors_of, result, status, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn rejected_mutations_go_to_the_error_file_and_only_failed_sends_only_them() {
    let offline = database();
    offline.execute(
        "INSERT INTO todos (id, title) VALUES ('good', 'x'), ('bad', 7);
         INSERT INTO join_todos_tags_tags VALUES ('good', 'g', 1), ('good', 'none', 1);",
    );
    let server = TestServer::start(SCHEMA).await;
    // A column without affinity keeps the number, which the server refuses as a title.
    offline.execute("ALTER TABLE todos DROP COLUMN title; ALTER TABLE todos ADD COLUMN title; UPDATE todos SET title = 7 WHERE id = 'bad'");
    offline.log("C", "m1", r#"{"resource":"tags","operation":"merge","id":"g"}"#);
    let output = cloneup(&offline, server.base(), &["--no-fail-fast", "--error-file", "failed.ndjson"]).await;
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let text = std::fs::read_to_string(offline.folder().join("failed.ndjson")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let about = |line: &Value| {
        [&line["resource"], &line["id"], &line["code"], &line["path"]].map(|v| v.as_str().unwrap().to_owned())
    };
    assert_eq!(
        lines.iter().map(about).collect::<Vec<_>>(),
        [
            ["todos", "bad", "DFQL_INVALID", "record.title"],
            ["join_todos_tags_tags", "good:none", "NOT_FOUND", "relations.tags"],
        ]
    );
    assert_eq!(lines[0]["mutationId"], result(&output)["errors"][0]["mutationId"]);

    offline.execute(
        "UPDATE todos SET title = 'mended' WHERE id = 'bad'; INSERT INTO tags VALUES ('none', 'now there')",
    );
    let failed = ["--only-failed", "failed.ndjson", "--error-file", "failed.ndjson", "--no-fail-fast"];
    let output = cloneup(&offline, server.base(), &failed).await;
    assert_eq!(result(&output)["stats"]["resources"], json!({"todos": {"records": 1, "mutations": 1}}));
    // The tag is not in the error file, so it is not sent and the join row fails again.
    assert_eq!(errors_of(&output)[0].0, "NOT_FOUND");
    assert_eq!(std::fs::read_to_string(offline.folder().join("failed.ndjson")).unwrap().lines().count(), 1);
    assert_eq!(offline.logged(), ["m1"], "a part of an upload finalizes nothing");
    assert_eq!(status(&cloneup(&offline, server.base(), &[]).await), 0);

    std::fs::write(offline.folder().join("broken"), "{}").unwrap();
    for file in ["missing", "broken"] {
        let output = cloneup(&offline, server.base(), &["--only-failed", file]).await;
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "onlyFailed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_error_file_that_are_not_in_the_database_are_told() {
    let (offline, server) = (database(), TestServer::start(SCHEMA).await);
    let lines = [("tags", "g"), ("tags", "gone"), ("nothing", "x"), ("join_todos_tags_tags", "a:b")];
    let lines: String =
        lines.iter().map(|(name, id)| format!("{}\n", json!({"resource": name, "id": id}))).collect();
    std::fs::write(offline.folder().join("failed.ndjson"), lines).unwrap();
    for more in [&["--dry-run"][..], &[]] {
        let arguments = [&["--only-failed", "failed.ndjson"], more].concat();
        let output = cloneup(&offline, server.base(), &arguments).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        if more == ["--dry-run"] {
            let nothing = json!({"pullFrom": null, "setGlobalCursor": false, "drainUpTo": null});
            assert_eq!(result(&output)["finalization"], nothing, "a part of an upload finalizes nothing");
        }
        for (count, name) in [("1 of 2", "tags"), ("1 of 1", "nothing"), ("1 of 1", "join_todos_tags_tags")] {
            let warning = format!("warning: {count} selected rows of `{name}` are not in the database");
            assert!(stderr(&output).contains(&warning), "{warning}: {}", stderr(&output));
        }
    }
}
