//! A server that only reads and acknowledges: the upper limit of a client's speed. It runs in a
//! separate process, like a real server. It stores nothing; the real server is started by
//! `process.rs`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The first argument of the sink process; the second argument is its latency in milliseconds.
pub const ARGUMENT: &str = "--sink";

/// A running sink process; dropping the value kills it.
pub struct Sink {
    child: Child,
    base: String,
}

impl Sink {
    /// Starts a sink that answers each request after `latency`.
    pub fn start(latency: Duration) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([ARGUMENT, &latency.as_millis().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, base: line.trim().to_owned() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The main function of the sink process: prints its base URL, then serves until it is killed.
pub fn run(latency: Duration) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}/datafn", listener.local_addr().unwrap());
        let sequence = Arc::new(AtomicU64::new(0));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(stream, latency, Arc::clone(&sequence)));
        }
    });
}

async fn converse(mut stream: TcpStream, latency: Duration, sequence: Arc<AtomicU64>) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    loop {
        let head = loop {
            if let Some(at) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut buffer[filled..]).await {
                Ok(0) | Err(_) => return,
                Ok(size) => filled += size,
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut missing =
            length.map_or(0, |length| length.parse::<usize>().unwrap()).saturating_sub(filled - head);
        while missing > 0 {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(size) => missing = missing.saturating_sub(size),
            }
        }
        filled = 0;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let (status, body) = if text.starts_with("post /datafn/push") {
            let sequence = sequence.fetch_add(1, Ordering::Relaxed) + 1;
            ("200 OK", format!(r#"{{"ok":true,"result":{{"errors":[],"cursor":"{sequence}"}}}}"#))
        } else if text.starts_with("post /datafn/pull") {
            ("200 OK", r#"{"ok":true,"result":{"changes":[],"nextCursor":null}}"#.to_owned())
        } else {
            ("404 Not Found", r#"{"ok":false,"error":{"code":"NOT_FOUND","message":"no route"}}"#.to_owned())
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
