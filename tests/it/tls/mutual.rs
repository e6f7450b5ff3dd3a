//! Mutual TLS (contract 3.10: `--client-cert`, `--client-key`), with a server that serves no client without
//! a certificate that it knows. Not the server's certificate.

use std::path::Path;

use synctool::remote::{ClientCertificateError, ConfigError, Remote, RemoteConfig};

use super::{KEY, SERVER_CERTIFICATE};
use crate::common::{
    Offline, SCHEMA, TestServer, clone, cloneup, database, errors_of, status, stderr, synctool, tls_relay,
};

/// The certificate of the client that the server knows, self-signed as the server's is, and its key.
const CLIENT: &str = include_str!("client.pem");
const CLIENT_KEY: &str = include_str!("client-key.pem");

/// The real server behind TLS that demands the client's certificate; its base URL.
async fn start() -> (TestServer, String) {
    let server = TestServer::start(SCHEMA).await;
    let target = server.base().split('/').nth(2).unwrap();
    let address = tls_relay(target, SERVER_CERTIFICATE, KEY, Some(CLIENT)).await;
    let base = format!("https://{address}/datafn");
    (server, base)
}

/// A database with every file of these tests beside it.
fn files() -> Offline {
    let offline = database();
    let write = |name: &str, text: &str| std::fs::write(offline.folder().join(name), text).unwrap();
    write("ca.pem", SERVER_CERTIFICATE);
    write("client.pem", CLIENT);
    write("client-key.pem", CLIENT_KEY);
    write("both.pem", &format!("{CLIENT_KEY}{CLIENT}"));
    write("other.pem", &format!("Bag Attributes\n{SERVER_CERTIFICATE}{KEY}"));
    write("synctool.toml", "ca-cert = 'ca.pem'\nmax-retries = 0");
    offline
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_a_server_that_demands_a_client_certificate_succeeds_with_it() {
    let (server, base) = start().await;
    let offline = files();
    for flags in [
        &["--client-cert", "client.pem", "--client-key", "client-key.pem"][..],
        &["--client-cert", "both.pem"],
        // Of the file of the key, only the key counts.
        &["--client-cert", "client.pem", "--client-key", "both.pem"],
        &["--client-cert", "both.pem", "--dry-run"],
    ] {
        let output = cloneup(&offline, &base, flags).await;
        assert_eq!(status(&output), 0, "{flags:?}: {}", stderr(&output));
    }
    assert_eq!(clone(&server).await["data"]["tags"].as_array().unwrap().len(), 2);
    let mut verify = synctool(&offline);
    verify.args(["verify", "--db", "app.db", "--remote", &base]).env("SYNCTOOL_CLIENT_CERT", "both.pem");
    let output = tokio::task::spawn_blocking(move || verify.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_or_with_another_one_the_error_says_what_to_give() {
    let (_server, base) = start().await;
    let offline = files();
    for flags in [&[][..], &["--client-cert", "other.pem"]] {
        let output = cloneup(&offline, &base, flags).await;
        assert_eq!(status(&output), 4, "{flags:?}: {}", stderr(&output));
        let message = &errors_of(&output)[0].1;
        assert!(message.contains("--client-cert and --client-key name one"), "{flags:?}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_files_are_named_with_the_way_out() {
    let offline = files();
    let write = |name: &str, text: &[u8]| std::fs::write(offline.folder().join(name), text).unwrap();
    write("der", &[0x30, 0x82, 1, 0]);
    write(
        "encrypted.pem",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    write("broken.pem", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let nonsense = format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{CLIENT_KEY}");
    write("nonsense.pem", nonsense.as_bytes());
    for (certificate, key, part) in [
        ("missing.pem", None, "cannot read missing.pem: "),
        ("der", None, "der is not PEM, which begins with -----BEGIN; `openssl x509`"),
        ("client.pem", Some("der"), "der is not PEM"),
        ("broken.pem", None, "broken.pem is not valid PEM"),
        ("client-key.pem", None, "there is no certificate in client-key.pem"),
        ("client.pem", None, "there is no private key in client.pem; --client-key names another file"),
        ("client.pem", Some("ca.pem"), "there is no private key in ca.pem"),
        ("client.pem", Some("encrypted.pem"), "the private key in encrypted.pem is encrypted"),
        (
            "client.pem",
            Some("other.pem"),
            "the private key in other.pem is not the one of the certificate in client.pem",
        ),
        ("nonsense.pem", None, "the client certificate in nonsense.pem cannot be used: "),
        ("", Some("client-key.pem"), "a client key needs its certificate: name it with --client-cert"),
    ] {
        let key = key.map(|key| ["--client-key", key]);
        let flags = [&["--client-cert", certificate][..], key.as_ref().map_or(&[][..], |key| key)].concat();
        let output = cloneup(&offline, "https://127.0.0.1:9/datafn", &flags).await;
        let (_, message, path) = &errors_of(&output)[0];
        assert_eq!((status(&output), path.as_str()), (2, "clientCert"), "{flags:?}: {message}");
        assert!(message.contains(part), "{flags:?}: {message}");
        assert!(!message.contains("PRIVATE KEY-----"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_plain_http_a_warning_says_that_the_certificate_is_not_used() {
    let (server, offline) = (TestServer::start(SCHEMA).await, files());
    let output = cloneup(&offline, server.base(), &["--client-cert", "both.pem"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("the client certificate is not used over plain http"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_library_user_gets_typed_errors_and_the_certificate_is_part_of_the_identity() {
    let offline = files();
    let remote = |certificate: &str| {
        let mut config = RemoteConfig::new("https://h");
        config.client_cert = Some(offline.folder().join(Path::new(certificate)));
        Remote::new(&config)
    };
    let error = remote("client.pem").map(|_| ()).unwrap_err();
    assert!(
        matches!(error, ConfigError::ClientCertificate(ClientCertificateError::NoKey { .. })),
        "{error:?}"
    );
    let plain = Remote::new(&RemoteConfig::new("https://h")).unwrap();
    let (one, other) = (remote("both.pem").unwrap(), remote("other.pem").unwrap());
    assert_eq!(one.fingerprint(), remote("both.pem").unwrap().fingerprint());
    assert!(one.fingerprint() != other.fingerprint() && one.fingerprint() != plain.fingerprint());
}
