//! A relay in front of a real server that counts every byte, and that can leave names out of the
//! capabilities in its status: a server that knows nothing of an extension. Not a relay that breaks
//! connections (`proxy`), not one that measures times (`meter`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::forward_proxy::read_head;

/// What went through the relay.
#[derive(Debug, Default)]
struct Counts {
    bytes: AtomicU64,
    pushes: AtomicU64,
    pulls: AtomicU64,
    digests: AtomicU64,
}

/// The relay; it stops with the runtime.
pub struct CountingRelay {
    base: String,
    counts: Arc<Counts>,
}

impl CountingRelay {
    /// Starts a relay for a server that leaves these capabilities out.
    pub async fn start(server: &str, without: &'static [&'static str]) -> Self {
        let target: SocketAddr = server.split('/').nth(2).unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = Arc::clone(&shared);
                // A client that goes away is no matter of the relay.
                tokio::spawn(async move { drop(relay(stream, target, without, &counts).await) });
            }
        });
        Self { base, counts }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Bytes in both directions so far, heads included.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    /// The number of pushes, pulls and requests for digests so far.
    pub fn requests(&self) -> (u64, u64, u64) {
        let Counts { pushes, pulls, digests, .. } = &*self.counts;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (count(pushes), count(pulls), count(digests))
    }
}

/// Relays one request and its answer, then closes the connection.
async fn relay(
    mut client: TcpStream,
    target: SocketAddr,
    without: &[&str],
    counts: &Counts,
) -> std::io::Result<()> {
    let (head, mut body) = read_head(&mut client).await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let lower = text.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let path = text.split(' ').nth(1).unwrap();
    for (route, count) in [("push", &counts.pushes), ("pull", &counts.pulls), ("digest", &counts.digests)] {
        count.fetch_add(u64::from(path.ends_with(route)), Ordering::Relaxed);
    }
    let mut server = TcpStream::connect(target).await?;
    server.write_all(text.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await?;
    server.write_all(&body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    if path.ends_with("status") {
        answer = stripped(&answer, without);
    }
    counts.bytes.fetch_add((head.len() + body.len() + answer.len()) as u64, Ordering::Relaxed);
    client.write_all(&answer).await?;
    client.shutdown().await
}

/// An answer without some of the capabilities.
fn stripped(answer: &[u8], without: &[&str]) -> Vec<u8> {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    let capabilities = body["result"]["capabilities"].as_array_mut().unwrap();
    capabilities.retain(|name| !without.contains(&name.as_str().unwrap()));
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
    format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes()
}
