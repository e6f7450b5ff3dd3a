//! A proxy between the client and the real server that injects faults into TCP connections.
//! The faults are drawn from a seed, so that a schedule can be run again. Not answers that a
//! test chooses (`scripted`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What may happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The request and its answer are relayed unchanged.
    Pass,
    /// The connection ends before the request reaches the server.
    DropBefore,
    /// The connection ends after the server has answered.
    DropAfter,
    /// The answer is cut off in the middle.
    Cut,
    /// The connection is reset instead of the answer.
    Reset,
    /// The answer is late.
    Delay,
    /// The request reaches the server twice.
    Duplicate,
}

const FAULTS: [Fault; 6] =
    [Fault::DropBefore, Fault::DropAfter, Fault::Cut, Fault::Reset, Fault::Delay, Fault::Duplicate];

/// The proxy; it stops with the runtime.
pub struct FaultProxy {
    base: String,
    drawn: Arc<Mutex<Vec<Fault>>>,
}

impl FaultProxy {
    /// Starts a proxy for a server; `percent` of the requests fail.
    pub async fn start(server: &str, seed: u64, percent: u8) -> Self {
        let target: SocketAddr = server.split('/').nth(2).unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&drawn);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (dice, log) = (Arc::clone(&dice), Arc::clone(&log));
                tokio::spawn(async move {
                    let fault = {
                        let mut random = dice.lock().unwrap();
                        let fails = random.u8(0..100) < percent;
                        if fails { FAULTS[random.usize(0..FAULTS.len())] } else { Fault::Pass }
                    };
                    log.lock().unwrap().push(fault);
                    // A connection that ends early is one of the faults.
                    let _ = relay(stream, target, fault).await;
                });
            }
        });
        Self { base, drawn }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// How many requests had a fault.
    pub fn faults(&self) -> usize {
        self.drawn.lock().unwrap().iter().filter(|fault| **fault != Fault::Pass).count()
    }
}

/// Relays one request and its answer, then closes the connection.
async fn relay(mut client: TcpStream, target: SocketAddr, fault: Fault) -> std::io::Result<()> {
    let request = request(&mut client).await?;
    if fault == Fault::DropBefore {
        return Ok(());
    }
    let mut answer = exchange(target, &request).await?;
    match fault {
        Fault::DropAfter => return Ok(()),
        Fault::Reset => return client.set_zero_linger(),
        Fault::Cut => answer.truncate(answer.len() * 2 / 3),
        Fault::Delay => tokio::time::sleep(Duration::from_millis(30)).await,
        Fault::Duplicate => answer = exchange(target, &request).await?,
        Fault::Pass | Fault::DropBefore => {}
    }
    client.write_all(&answer).await?;
    client.shutdown().await
}

/// Reads a whole request and asks the server to close the connection after its answer.
async fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let head = loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while read.len() < head + length {
        if client.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut request = read[..head - 2].to_vec();
    request.extend_from_slice(b"connection: close\r\n\r\n");
    request.extend_from_slice(&read[head..]);
    Ok(request)
}

async fn exchange(target: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(target).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}
