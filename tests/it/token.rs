//! Where the bearer token comes from, and that it is never printed (contract 3). Not how the
//! requests carry it (`transport`).

use serde_json::Value;
use synctool::server::Limits;

use super::common::{
    SCHEMA, Scripted, TestServer, cloneup, database, errors_of, result, status, stderr, synctool,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_read_from_a_file_or_the_environment_and_is_never_printed() {
    let offline = database();
    let server = Scripted::start().await;
    std::fs::write(offline.folder().join("token"), " from-file\n").unwrap();
    std::fs::write(offline.folder().join("empty"), "\n").unwrap();
    let run = |variable: &'static str, file: Option<&'static str>| {
        let mut command = synctool(&offline);
        command
            .args(["cloneup", "--db", "app.db", "--remote", server.base(), "-vv"])
            .env("SYNCTOOL_TOKEN", variable);
        command.args(file.map(|file| format!("--token-file={file}")));
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for (variable, file, sent) in [
        ("from-env", None, Some("Bearer from-env")),
        ("", Some("token"), Some("Bearer from-file")),
        ("from-env", Some("token"), Some("Bearer from-file")),
        ("", None, None),
    ] {
        let output = run(variable, file).await.unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let requests = server.requests();
        let header = requests.last().unwrap().headers.get("authorization").map(String::as_str);
        assert_eq!(header, sent, "{variable} {file:?}");
        assert!(!stderr(&output).contains("from-"), "{}", stderr(&output));
    }
    for file in ["empty", "missing"] {
        let output = run("", Some(file)).await.unwrap();
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "tokenFile"));
    }
    let output = run("se\ncret", None).await.unwrap();
    assert_eq!(status(&output), 2);
    assert!(!stderr(&output).contains("cret"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_read_from_token_command_and_is_never_printed() {
    let server = TestServer::start_with(SCHEMA, Some("geheim"), Limits::default()).await;
    let offline = database();
    std::fs::write(offline.folder().join("synctool.toml"), "token-command = 'echo geheim'").unwrap();
    let output = cloneup(&offline, server.base(), &["-vv"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("geheim"));
    for (command, expected) in
        [("echo geheim; exit 3", "failed (exit status: 3)"), ("true", "printed nothing")]
    {
        let output = cloneup(&offline, server.base(), &["--token-command", command]).await;
        assert_eq!(status(&output), 2);
        let error: &Value = &result(&output)["errors"][0];
        assert!(error["message"].as_str().unwrap().ends_with(expected), "{error}");
        assert!(!stderr(&output).contains("geheim"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_over_plain_http_is_warned_about_except_on_loopback() {
    let offline = database();
    let arguments = ["--token-command", "echo t", "--max-retries", "0", "--connect-timeout", "1s"];
    // An address reserved for documentation (RFC 5737): no host answers.
    let output = cloneup(&offline, "http://192.0.2.1/datafn", &arguments).await;
    assert!(stderr(&output).contains("the token is sent over plain http"), "{}", stderr(&output));
    for base in ["http://127.0.0.1:9/datafn", "https://192.0.2.1/datafn"] {
        let output = cloneup(&offline, base, &arguments).await;
        assert!(!stderr(&output).contains("plain http"), "{}", stderr(&output));
    }
}
