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
    // The shell is that of the platform.
    let (failing, silent, failed) = if cfg!(windows) {
        ("echo geheim& exit 3", "exit 0", "failed (exit code: 3)")
    } else {
        ("echo geheim; exit 3", "true", "failed (exit status: 3)")
    };
    for (command, expected) in [(failing, failed), (silent, "printed nothing")] {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_is_not_part_of_the_token() {
    let (offline, server) = (database(), Scripted::start().await);
    for (name, content) in [
        ("marked", &b"\xef\xbb\xbfgeheim\r\n"[..]),
        ("little", b"\xff\xfeg\0e\0h\0e\0i\0m\0"),
        ("big", b"\xfe\xff\0g\0e\0h\0e\0i\0m"),
    ] {
        std::fs::write(offline.folder().join(name), content).unwrap();
    }
    let run = |variable: &'static str, arguments: &'static [&'static str]| {
        let mut command = synctool(&offline);
        command.args(["cloneup", "--db", "app.db", "--remote", server.base()]).args(arguments);
        command.env("SYNCTOOL_TOKEN", variable);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for (variable, arguments) in [
        ("", &["--token-file", "marked"][..]),
        ("\u{feff}geheim", &[]),
        (
            "",
            if cfg!(windows) {
                &["--token-command", "type marked"]
            } else {
                &["--token-command", "cat marked"]
            },
        ),
    ] {
        let output = run(variable, arguments).await.unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(server.requests().last().unwrap().headers["authorization"], "Bearer geheim");
    }
    for (arguments, path) in [
        (&["--token-file", "little"][..], "tokenFile"),
        (&["--token-file", "big"], "tokenFile"),
        (
            if cfg!(windows) {
                &["--token-command", "type little"]
            } else {
                &["--token-command", "cat little"]
            },
            "tokenCommand",
        ),
    ] {
        let output = run("", arguments).await.unwrap();
        let (code, message, found) = errors_of(&output).remove(0);
        assert_eq!((status(&output), code.as_str(), found.as_str()), (2, "DFQL_INVALID", path));
        assert!(message.contains("UTF-16") && !message.contains("geheim"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_credentials_are_refused_before_anything_is_sent() {
    let (offline, server) = (database(), Scripted::start().await);
    let with_user = server.base().replace("http://", "http://user:geheim@");
    for (base, token, flags, named) in [
        (with_user.as_str(), "geheim", &[][..], ["URL", "token"]),
        (server.base(), "geheim", &["--header", "authorization: Basic geheim"], ["token", "Authorization"]),
        (with_user.as_str(), "", &["--header", "Authorization: geheim"], ["URL", "Authorization"]),
    ] {
        for dry_run in [&["--dry-run"][..], &[]] {
            let mut command = synctool(&offline);
            command.args(["cloneup", "--db", "app.db", "--remote", base]).args(flags).args(dry_run);
            command.env("SYNCTOOL_TOKEN", token);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            let (code, message, path) = errors_of(&output).remove(0);
            assert_eq!((status(&output), code.as_str(), path.as_str()), (2, "DFQL_INVALID", "sync.remote"));
            assert!(named.iter().all(|name| message.contains(name)), "{message}");
            assert!(!stderr(&output).contains("geheim"), "{}", stderr(&output));
        }
    }
    assert!(server.requests().is_empty());
    // One of them is enough.
    for (base, flags) in
        [(with_user.as_str(), &[][..]), (server.base(), &["--header", "Authorization: Basic x"])]
    {
        assert_eq!(status(&cloneup(&offline, base, flags).await), 0);
    }
    let sent: Vec<_> = server.pushes().iter().map(|push| push.headers["authorization"].clone()).collect();
    assert_eq!(sent, ["Basic dXNlcjpnZWhlaW0=", "Basic x"]);
}
