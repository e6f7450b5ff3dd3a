//! `synctool clone`: what it prints and its exit statuses (contract 3.9). Not a process that dies (`killed`),
//! nor the clone as a library call (`begun`, `interrupted`).

use serde_json::json;

use super::{folder, run, server_of_tags};
use crate::common::{
    Answer, MIXED_ROWS, Offline, SCHEMA, Scripted, TABLES, TestServer, cloneup, program, refusal, result,
    status, stderr,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_a_result_and_the_clone_can_be_uploaded_without_a_schema_file() {
    let (server, seed) = (TestServer::start(SCHEMA).await, Offline::new(&format!("{TABLES}{MIXED_ROWS}")));
    std::fs::write(seed.folder().join("schema.json"), SCHEMA).unwrap();
    let uploaded = cloneup(&seed, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&uploaded), 0, "{}", stderr(&uploaded));
    let offline = folder();
    let output = run(&offline, server.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let cursor = server.status().await["cursor"].clone();
    assert_eq!(
        result(&output),
        json!({"ok": true, "cursor": cursor, "errors": [], "stats": {
            "resources": {"todos": {"records": 2}, "projects": {"records": 1}, "tags": {"records": 2}},
            "joinStores": {"join_todos_tags_tags": {"rows": 2}}}})
    );
    assert!(stderr(&output).starts_with("cloned 5 records, 2 join rows, "), "{}", stderr(&output));
    let again = cloneup(&offline, server.base(), &["--verify"]).await;
    assert_eq!(status(&again), 0, "{}", stderr(&again));
    // A clone that is complete is no empty file.
    let output = run(&offline, server.base(), &["--quiet"]).await;
    assert_eq!(status(&output), 2);
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    assert_eq!(result(&output)["errors"][0]["path"], "storage");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_cannot_begin_exits_as_an_upload_does_and_makes_no_file() {
    let (server, scripted, offline) = (server_of_tags(1).await, Scripted::start().await, folder());
    let wrong = server.base().replace("/datafn", "/data");
    scripted.script("pull", [Answer::Json(401, refusal("FORBIDDEN"))]);
    for (base, arguments, expected, printed) in [
        (server.base(), &[][..], 2, "no schema: name one with --schema"),
        (server.base(), &["--schema", "schema.json", "--pull-limit", "0"], 2, "pull-limit"),
        (server.base(), &["--wat"], 2, "--wat"),
        ("", &["--schema", "schema.json"], 2, "remote"),
        (&wrong, &["--schema", "schema.json"], 4, "did you mean that?"),
        (scripted.base(), &["--schema", "schema.json"], 4, "because"),
        (
            "http://127.0.0.1:9/datafn",
            &["--schema", "schema.json", "--max-retries", "0"],
            4,
            "cannot connect",
        ),
    ] {
        let output = run(&offline, base, arguments).await;
        assert_eq!(status(&output), expected, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(printed), "{printed}: {}", stderr(&output));
        let result = result(&output);
        assert_eq!(
            (&result["ok"], result["errors"].as_array().unwrap().len()),
            (&json!(false), 1),
            "{result}"
        );
        assert!(!offline.path().exists(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_come_from_the_environment_and_the_configuration_file() {
    let (scripted, offline) = (Scripted::start().await, folder());
    let base = scripted.base();
    let file = format!(
        "db = \"here.db\"\nremote = \"{base}\"\nschema = \"schema.json\"\npull-limit = 7\nresources = [\"x\"]\n"
    );
    std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
    let mut command = program(offline.folder());
    command.arg("clone").env("SYNCTOOL_CLIENT_ID", "mine").env("SYNCTOOL_TOKEN", "secret");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(offline.folder().join("here.db").exists());
    let pull = &scripted.pulls()[0];
    assert_eq!((&pull.body["limit"], &pull.body["clientId"]), (&json!(7), &json!("mine")));
    assert_eq!(pull.headers["authorization"], "Bearer secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_cursor_is_explained() {
    let (scripted, offline) = (Scripted::start().await, folder());
    scripted.script("pull", [Answer::Json(400, refusal("CURSOR_EXPIRED"))]);
    let output = run(&offline, scripted.base(), &["--schema", "schema.json"]).await;
    assert_eq!(status(&output), 4);
    assert!(stderr(&output).contains("remove the file, and clone again"), "{}", stderr(&output));
}
