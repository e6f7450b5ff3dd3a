//! A relay in front of a real server that measures at its door: when each request arrives, when the bytes
//! of its body do, and how it is answered. Not a relay that breaks connections (`proxy`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::forward_proxy::read_head;

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Metered {
    pub path: String,
    pub at: Instant,
    /// The status of the answer.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<Metered>,
    /// When bytes of bodies arrived, and how many.
    bodies: Vec<(Instant, usize)>,
}

/// The relay; it stops with the runtime.
pub struct Meter {
    base: String,
    log: Arc<Mutex<Log>>,
}

impl Meter {
    /// Starts a relay for a server.
    pub async fn start(server: &str) -> Self {
        let target: SocketAddr = server.split('/').nth(2).unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log::default()));
        let shared = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&shared);
                // A client that goes away is no matter of the relay.
                tokio::spawn(async move { drop(relay(stream, target, &log).await) });
            }
        });
        Self { base, log }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Metered> {
        self.log.lock().unwrap().requests.clone()
    }

    /// The time from the first request to the last one.
    pub fn span(&self) -> Duration {
        let requests = self.requests();
        requests.last().unwrap().at - requests[0].at
    }

    /// How many bytes of bodies arrived, and the time from the first to the last of them.
    pub fn bodies(&self) -> (usize, Duration) {
        let bodies = &self.log.lock().unwrap().bodies;
        (bodies.iter().map(|(_, bytes)| bytes).sum(), bodies.last().unwrap().0 - bodies[0].0)
    }
}

/// Relays one request and its answer, then closes the connection.
async fn relay(mut client: TcpStream, target: SocketAddr, log: &Mutex<Log>) -> std::io::Result<()> {
    let (head, mut rest) = read_head(&mut client).await?;
    let at = Instant::now();
    let text = String::from_utf8_lossy(&head).into_owned();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let lower = text.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let mut server = TcpStream::connect(target).await?;
    let head = text.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(head.as_bytes()).await?;
    let mut sent = 0;
    while sent < length {
        if rest.is_empty() && client.read_buf(&mut rest).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        log.lock().unwrap().bodies.push((Instant::now(), rest.len()));
        server.write_all(&rest).await?;
        sent += rest.len();
        rest.clear();
    }
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    let status = String::from_utf8_lossy(&answer[..12]).split(' ').nth(1).unwrap().parse().unwrap();
    log.lock().unwrap().requests.push(Metered { path, at, status });
    client.write_all(&answer).await?;
    client.shutdown().await
}
