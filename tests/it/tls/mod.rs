//! TLS errors, with real sockets and a real TLS server: which kind they are, and what their
//! messages suggest. The client's own certificate is in `mutual`. Not retries (`transport`).

mod mutual;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use synctool::remote::{Remote, RemoteConfig, TransportError, TransportKind};

use super::common::{cloneup, database, status, stderr};

/// The key of both certificates, for these tests only.
const KEY: &str = include_str!("key.pem");

/// A self-signed certificate for 127.0.0.1: `openssl req -x509 -key key.pem -days 36500 -subj
/// "/CN=synctool test" -addext subjectAltName=IP:127.0.0.1 -addext
/// basicConstraints=critical,CA:FALSE`.
const SERVER_CERTIFICATE: &str = include_str!("server.pem");

/// The same with `CA:TRUE`, which is what `openssl req -x509` makes by default.
const CA_CERTIFICATE: &str = include_str!("ca.pem");

/// Starts a TLS server that answers every request with an empty status, and returns its address.
/// It ends with the process.
fn tls_server(certificate: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        // A client that does not accept the certificate, or speaks plain HTTP, ends the handshake.
        if stream.read(&mut [0; 1000]).is_ok() {
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-length: 23\r\nconnection: close\r\n\r\n{\"ok\":true,\"result\":{}}",
            );
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    })
}

/// Starts a server that sends the same bytes on every connection, and returns its address.
fn fixed_answer(bytes: &'static [u8]) -> String {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 1000]);
        let _ = stream.write_all(bytes);
    })
}

fn serve(handle: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(|stream| handle(stream.unwrap())));
    address
}

/// The settings of a server at an address that trust a certificate, written to a file in `folder`.
fn trusting(address: &str, certificate: &str, folder: &tempfile::TempDir) -> RemoteConfig {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, certificate).unwrap();
    let mut config = RemoteConfig::new(format!("https://{address}/datafn"));
    config.ca_cert = Some(path);
    config
}

/// The transport error of a request for the status. It is worth a retry.
async fn fail(config: &RemoteConfig) -> TransportError {
    let error = Remote::new(config).unwrap().status().await.unwrap_err();
    assert!(error.is_transient() && error.retry_after().is_none(), "{error:?}");
    error.transport().unwrap().clone()
}

#[tokio::test]
async fn a_trusted_certificate_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let config = trusting(&tls_server(SERVER_CERTIFICATE), SERVER_CERTIFICATE, &folder);
    Remote::new(&config).unwrap().status().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_certificate_error() {
    let address = tls_server(SERVER_CERTIFICATE);
    let error = fail(&RemoteConfig::new(format!("https://{address}/datafn"))).await;
    assert_eq!(error.kind, TransportKind::Certificate);
    assert_eq!(error.message, "cannot connect: invalid peer certificate: UnknownIssuer");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_a_certificate_error() {
    let folder = tempfile::tempdir().unwrap();
    let address = tls_server(SERVER_CERTIFICATE).replace("127.0.0.1", "localhost");
    let error = fail(&trusting(&address, SERVER_CERTIFICATE, &folder)).await;
    assert_eq!(error.kind, TransportKind::Certificate);
    assert!(error.message.contains("not valid for name \"localhost\""), "{}", error.message);
    assert!(!error.message.contains("CA:FALSE"), "{}", error.message);
}

#[tokio::test]
async fn a_ca_certificate_that_a_server_uses_as_its_own_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let error = fail(&trusting(&tls_server(CA_CERTIFICATE), CA_CERTIFICATE, &folder)).await;
    assert_eq!(error.kind, TransportKind::Certificate);
    assert!(error.message.contains("CaUsedAsEndEntity"), "{}", error.message);
    assert!(error.message.contains("it needs one with CA:FALSE"), "{}", error.message);
}

#[tokio::test]
async fn plain_http_answered_to_tls_is_explained() {
    let address = fixed_answer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let error = fail(&RemoteConfig::new(format!("https://{address}/datafn"))).await;
    assert_eq!(error.kind, TransportKind::Tls);
    assert!(error.message.contains("its URL begins with http://"), "{}", error.message);
}

#[tokio::test]
async fn tls_answered_to_plain_http_is_explained() {
    let address = tls_server(SERVER_CERTIFICATE);
    let error = fail(&RemoteConfig::new(format!("http://{address}/datafn"))).await;
    assert_eq!(error.kind, TransportKind::Connection);
    assert!(error.message.contains("its URL begins with https://"), "{}", error.message);
}

#[tokio::test]
async fn an_answer_with_an_invalid_status_line_is_not_taken_for_tls() {
    let address = fixed_answer(b"HTTP/1.1 abc\r\n\r\n");
    let error = fail(&RemoteConfig::new(format!("http://{address}/datafn"))).await;
    assert_eq!(error.kind, TransportKind::Connection);
    assert!(!error.message.contains("https://"), "{}", error.message);
}

#[tokio::test]
async fn messages_show_no_user_password_or_query() {
    let address = tls_server(SERVER_CERTIFICATE);
    for scheme in ["http", "https"] {
        let base = format!("{scheme}://user:s3cr3t@{address}/datafn?key=s3cr3t");
        let error = fail(&RemoteConfig::new(base)).await;
        assert!(!error.message.contains("s3cr3t"), "{}", error.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hint_below_a_certificate_error_names_ca_cert() {
    let offline = database();
    let base = format!("https://{}/datafn", tls_server(SERVER_CERTIFICATE));
    for flags in [&["--max-retries", "0"][..], &["--dry-run"]] {
        let output = cloneup(&offline, &base, flags).await;
        let printed = stderr(&output);
        assert_eq!(status(&output), 4, "{printed}");
        assert!(printed.contains("--ca-cert") && !printed.contains("is running"), "{printed}");
    }
}
