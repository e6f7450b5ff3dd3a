//! TLS in front of a real server, as a load balancer has it; it may demand client certificates. Not a
//! server of its own (`server`).

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Starts TLS in front of the server at an address, and returns its own address. With the certificate of a
/// client, no other client is served. It stops with the runtime.
pub async fn tls_relay(target: &str, certificate: &str, key: &str, client: Option<&str>) -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = |text: &str| CertificateDer::from_pem_slice(text.as_bytes()).unwrap();
    let builder = ServerConfig::builder();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(pem(client)).unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = builder.with_single_cert(vec![pem(certificate)], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let target: SocketAddr = target.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = match acceptor.accept(stream).into_fallible().await {
                    Ok(client) => client,
                    Err((_, mut refused)) => {
                        // Unread bytes would reset the connection before the client has read the alert.
                        let _ = refused.shutdown().await;
                        let _ = refused.read_to_end(&mut Vec::new()).await;
                        return;
                    }
                };
                let mut server = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}
