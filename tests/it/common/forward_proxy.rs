//! A real HTTP proxy: relays plain requests and tunnels TLS, to one server whatever the host is, so that
//! tests can use hosts that do not exist. Not a relay that a client does not know of (`proxy`, `meter`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The proxy; it stops with the runtime.
pub struct ForwardProxy {
    address: SocketAddr,
    /// The first line of the first request on each connection.
    asked: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    /// Starts a proxy to the server at an address. With `credentials` in base64, it demands them.
    pub async fn start(target: &str, credentials: Option<&'static str>) -> Self {
        let target: SocketAddr = target.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                // A client that goes away is no matter of the proxy.
                tokio::spawn(async move { drop(relay(stream, target, credentials, &log).await) });
            }
        });
        Self { address, asked }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first line of the first request on each connection: `CONNECT host:443 HTTP/1.1`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn relay(
    mut client: TcpStream,
    target: SocketAddr,
    credentials: Option<&str>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (head, rest) = read_head(&mut client).await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next().unwrap().to_owned();
    log.lock().unwrap().push(line.clone());
    let given = text.lines().find(|line| line.to_lowercase().starts_with("proxy-authorization:"));
    let is_allowed =
        credentials.is_none_or(|known| given.is_some_and(|line| line.ends_with(&format!("Basic {known}"))));
    if !is_allowed {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(target).await?;
    if line.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        // A server takes the absolute form of a target as well (RFC 9112, section 3.2.2).
        server.write_all(&head).await?;
    }
    server.write_all(&rest).await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// The head of a request, and what was read after it.
pub(super) async fn read_head(client: &mut TcpStream) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(at + 4);
            return Ok((read, rest));
        }
        if client.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
