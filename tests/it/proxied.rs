//! Requests through a proxy (contract 3.10: `--proxy`, `--no-proxy`, and the variables), with a real
//! proxy. The hosts do not exist: only the proxy can reach them. Which variable counts is in
//! `src/remote/proxy.rs`.

use std::process::Output;

use super::common::{
    ForwardProxy, Offline, SCHEMA, ServeProcess, TestServer, clone, database, errors_of, result, status,
    stderr, synctool, tls_relay,
};

/// A host that only the proxy can reach.
const HOST: &str = "http://sync.test/datafn";

/// `user:s3cr3t-word` in base64.
const CREDENTIALS: &str = "dXNlcjpzM2NyM3Qtd29yZA==";

/// The address of a base URL.
fn address(base: &str) -> &str {
    base.split('/').nth(2).unwrap()
}

/// An address that refuses connections.
fn dead() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Uploads with flags and variables.
async fn run(offline: &Offline, base: &str, flags: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = synctool(offline);
    command.args(["cloneup", "--db", "app.db", "--remote", base, "--retry-delay", "1ms"]).args(flags);
    command.envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn flag_variables_and_file_name_a_proxy_and_the_upload_goes_through_it() {
    let server = TestServer::start(SCHEMA).await;
    let proxy = ForwardProxy::start(address(server.base()), None).await;
    let url = format!("http://{}", proxy.address());
    for (flags, variables, file) in [
        (&["--proxy", &url][..], &[][..], ""),
        (&["--proxy", &url], &[("HTTP_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "*")], ""),
        (&[], &[("SYNCTOOL_PROXY", url.as_str())], ""),
        (&[], &[("HTTP_PROXY", url.as_str())], ""),
        (&[], &[("http_proxy", url.as_str())], ""),
        (&[], &[("ALL_PROXY", url.as_str()), ("HTTPS_PROXY", "http://127.0.0.1:9")], ""),
        (&[], &[], &format!("proxy = '{url}'")),
        (&["--proxy", &url], &[("SYNCTOOL_NO_PROXY", "true")], "proxy = false"),
    ] {
        let (offline, before) = (database(), proxy.asked().len());
        std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
        let output = run(&offline, HOST, flags, variables).await;
        assert_eq!(status(&output), 0, "{flags:?} {variables:?} {file}: {}", stderr(&output));
        assert!(proxy.asked().len() > before, "{flags:?} {variables:?} {file}");
    }
    assert!(
        proxy.asked().iter().all(|line| line.contains(" http://sync.test/datafn/")),
        "{:?}",
        proxy.asked()
    );
    assert_eq!(clone(&server).await["data"]["tags"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_goes_through_a_tunnel_and_the_certificate_is_the_servers() {
    let server = TestServer::start(SCHEMA).await;
    let (certificate, key) = (include_str!("tls/named.pem"), include_str!("tls/key.pem"));
    let tls = tls_relay(address(server.base()), certificate, key, None).await;
    let proxy = ForwardProxy::start(&tls.to_string(), Some(CREDENTIALS)).await;
    let offline = database();
    std::fs::write(offline.folder().join("ca.pem"), certificate).unwrap();
    let url = format!("http://user:s3cr3t-word@{}", proxy.address());
    let flags = ["--ca-cert", "ca.pem", "-v"];
    let output = run(&offline, "https://sync.test/datafn", &flags, &[("HTTPS_PROXY", &url)]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("s3cr3t-word"), "{}", stderr(&output));
    assert!(proxy.asked().iter().all(|line| line == "CONNECT sync.test:443 HTTP/1.1"), "{:?}", proxy.asked());

    // Another name than that of the certificate: the proxy does not make it right, and is named.
    let output = run(
        &offline,
        "https://other.test/datafn",
        &["--ca-cert", "ca.pem", "--max-retries", "0"],
        &[("HTTPS_PROXY", &url)],
    )
    .await;
    let printed = stderr(&output);
    assert_eq!(status(&output), 4, "{printed}");
    assert!(
        printed.contains("not valid for name \"other.test\"") && printed.contains("--ca-cert"),
        "{printed}"
    );
    assert!(printed.contains(&format!("through the proxy http://{}", proxy.address())), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn loopback_and_excepted_hosts_go_directly_and_no_proxy_beats_the_other_layers() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServeProcess::start(folder.path(), &[], None).await;
    let proxy = ForwardProxy::start(address(server.base()), None).await;
    let url = format!("http://{}", proxy.address());
    let offline = database();
    // The server's own address is one of this machine.
    for (flags, variables) in
        [(&["--proxy", &url][..], &[][..]), (&[], &[("HTTP_PROXY", &*url), ("ALL_PROXY", &url)])]
    {
        let output = run(&offline, server.base(), flags, variables).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
    }
    // Directly, the host is not there.
    std::fs::write(offline.folder().join("synctool.toml"), format!("proxy = '{url}'")).unwrap();
    for (flags, variables) in [
        (&["--no-proxy"][..], &[("HTTP_PROXY", &*url)][..]),
        (&["--proxy", &url, "--no-proxy"], &[]),
        (&["--proxy=false"], &[]),
        (&[], &[("SYNCTOOL_NO_PROXY", "true")]),
    ] {
        let output = run(&offline, HOST, &[flags, &["--max-retries", "0"]].concat(), variables).await;
        assert_eq!(status(&output), 4, "{flags:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("through the proxy"), "{}", stderr(&output));
    }
    std::fs::remove_file(offline.folder().join("synctool.toml")).unwrap();
    let variables = [("HTTP_PROXY", &*url), ("NO_PROXY", "example.org, .test")];
    let output = run(&offline, HOST, &["--max-retries", "0"], &variables).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_proxy_is_named_without_its_credentials() {
    let offline = database();
    let dead = dead();
    let url = format!("http://user:s3cr3t-word@{dead}");
    for base in [HOST, "https://sync.test/datafn"] {
        for (flags, variables) in [
            (&["--proxy", &url][..], &[][..]),
            (&[], &[("ALL_PROXY", &*url)]),
            (&["--dry-run", "--proxy", &url], &[]),
        ] {
            let output =
                run(&offline, base, &[flags, &["--max-retries", "1", "-vv"]].concat(), variables).await;
            let printed = stderr(&output);
            assert_eq!(status(&output), 4, "{printed}");
            let message = &errors_of(&output)[0].1;
            let expected = format!("cannot connect through the proxy http://{dead}: ");
            assert!(message.contains(&expected), "{message}");
            assert!(printed.contains("check the proxy") && !printed.contains("s3cr3t-word"), "{printed}");
            assert!(!result(&output).to_string().contains("s3cr3t-word"));
            assert_eq!(
                printed.contains("can see the password in --proxy"),
                flags.contains(&"--proxy"),
                "{printed}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_other_credentials_ends_the_run() {
    let server = TestServer::start(SCHEMA).await;
    let proxy = ForwardProxy::start(address(server.base()), Some(CREDENTIALS)).await;
    let offline = database();
    for user in ["", "user:other-word@"] {
        let url = format!("http://{user}{}", proxy.address());
        let output = run(&offline, HOST, &["--max-retries", "5"], &[("http_proxy", &url)]).await;
        let message = &errors_of(&output)[0].1;
        assert_eq!(status(&output), 4, "{message}");
        assert!(message.contains("HTTP 407") && !message.contains("gave up after"), "{message}");
        assert!(message.ends_with(&format!("(through the proxy http://{})", proxy.address())), "{message}");
        assert!(!stderr(&output).contains("other-word"), "{}", stderr(&output));
    }
    let url = format!("http://user:s3cr3t-word@{}", proxy.address());
    let output = run(&offline, HOST, &[], &[("http_proxy", &url)]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[test]
fn an_unusable_proxy_is_named_by_its_option_or_variable_and_never_shown() {
    let offline = database();
    let run = |flags: &[&str], variables: &[(&str, &str)]| {
        let mut command = synctool(&offline);
        command
            .args(["cloneup", "--db", "app.db", "--remote", HOST])
            .args(flags)
            .envs(variables.iter().copied());
        command.output().unwrap()
    };
    let url = "ftp://user:s3cr3t-word@h";
    for (output, name) in [
        (run(&["--proxy", url], &[]), "proxy must be a URL"),
        // Names of variables on Windows are the same in upper and lower case, and the upper one is looked for first.
        (
            run(&[], &[("http_proxy", url)]),
            if cfg!(windows) { "HTTP_PROXY must be a URL" } else { "http_proxy must be a URL" },
        ),
        (run(&[], &[("ALL_PROXY", "http://u:s3cr3t-word@h:port")]), "ALL_PROXY must be a URL"),
    ] {
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "proxy"));
        assert!(errors_of(&output)[0].1.contains(name), "{}", stderr(&output));
        assert!(!stderr(&output).contains("s3cr3t-word"), "{}", stderr(&output));
    }
}

#[test]
fn config_show_hides_the_credentials_of_a_proxy() {
    let offline = database();
    for url in ["http://user:s3cr3t@h:1", "user:s3cr3t@h:1", "http://user:s3/cr3t@h:1", "http://u:s3#cr3t@h"]
    {
        let mut command = synctool(&offline);
        command.args(["config", "show"]).env("SYNCTOOL_PROXY", url);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("proxy ")).unwrap();
        assert!(line.contains("(hidden)") && line.contains("SYNCTOOL_PROXY"), "{line}");
        assert!(!line.contains("s3") && !line.contains("cr3t") && !line.contains("user"), "{line}");
    }
}
