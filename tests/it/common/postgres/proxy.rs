//! A proxy between a client and PostgreSQL, or pgbouncer, that injects faults into TCP connections.
//! Not partitions, which lose packets (`network`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::frames;

/// How many pieces are under way in each direction when they are delayed. More would wait in the
/// sender.
const UNDER_WAY: usize = 1024;

/// What a connection is subject to.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    delay: Duration,
    frozen: bool,
    refusing: bool,
    /// Changes when every connection is to end.
    generation: u64,
}

/// The proxy; it stops with the runtime.
#[derive(Debug)]
pub struct PostgresProxy {
    url: String,
    faults: watch::Sender<Faults>,
    commits: Arc<Commits>,
}

/// The acknowledgements of COMMIT that are cut off.
#[derive(Debug, Default)]
struct Commits {
    to_cut: AtomicUsize,
    cut: AtomicUsize,
}

impl Commits {
    /// Whether the one that has just arrived is cut off.
    fn cuts(&self) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        let cuts = self.to_cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok();
        self.cut.fetch_add(usize::from(cuts), Ordering::SeqCst);
        cuts
    }

    /// Takes the whole messages at the front of what the server has sent, up to an acknowledgement
    /// that is cut off. Returns them, and whether the connection ends there.
    fn pass(&self, read: &mut Vec<u8>) -> (Vec<u8>, bool) {
        let mut end = 0;
        while let Some(length) = frames::length(&read[end..]) {
            if frames::acknowledges_commit(&read[end..end + length]) && self.cuts() {
                return (read[..end].to_vec(), true);
            }
            end += length;
        }
        (read.drain(..end).collect(), false)
    }
}

impl PostgresProxy {
    /// Starts a proxy in front of the server of a URL, such as
    /// [`Cluster::database_url`](super::cluster::Cluster::database_url).
    pub async fn start(url: &str) -> Self {
        let server = url.rsplit('@').next().unwrap().split('/').next().unwrap();
        let target: SocketAddr = server.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url.replace(server, &listener.local_addr().unwrap().to_string());
        let (faults, watched) = watch::channel(Faults::default());
        let commits = Arc::new(Commits::default());
        let counted = Arc::clone(&commits);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if !watched.borrow().refusing {
                    tokio::spawn(converse(stream, target, watched.clone(), Arc::clone(&counted)));
                }
            }
        });
        Self { url, faults, commits }
    }

    /// The same URL, through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the connection instead of each of the next `count` acknowledgements of a COMMIT. The
    /// server has committed then, and the client does not know.
    pub fn cut_commits(&self, count: usize) {
        self.commits.to_cut.store(count, Ordering::SeqCst);
    }

    /// How many acknowledgements have been cut off.
    pub fn commits_cut(&self) -> usize {
        self.commits.cut.load(Ordering::SeqCst)
    }

    /// Relays everything later by a duration, in each direction, as a longer way does.
    pub fn delay(&self, delay: Duration) {
        self.faults.send_modify(|faults| faults.delay = delay);
    }

    /// Relays nothing. Connections stay open, and new ones are made.
    pub fn freeze(&self) {
        self.faults.send_modify(|faults| faults.frozen = true);
    }

    /// Relays what has waited since [`freeze`](Self::freeze), and goes on.
    pub fn thaw(&self) {
        self.faults.send_modify(|faults| faults.frozen = false);
    }

    /// Resets every connection. New ones are relayed.
    pub fn drop_connections(&self) {
        self.faults.send_modify(|faults| faults.generation += 1);
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refusing: bool) {
        self.faults.send_modify(|faults| faults.refusing = refusing);
    }
}

/// Relays a connection until one side ends it or a fault does.
async fn converse(
    mut client: TcpStream,
    target: SocketAddr,
    faults: watch::Receiver<Faults>,
    commits: Arc<Commits>,
) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    for stream in [&client, &server] {
        // Small packets go out as they come in.
        stream.set_nodelay(true).unwrap();
    }
    let generation = faults.borrow().generation;
    let mut drops = faults.clone();
    let is_dropped = tokio::select! {
        () = relay_both(&mut client, &mut server, &faults, commits) => false,
        // An error means that the proxy is gone.
        _ = drops.wait_for(|faults| faults.generation != generation) => true,
    };
    if is_dropped {
        for stream in [&client, &server] {
            // Closed, it is reset.
            stream.set_zero_linger().unwrap();
        }
    }
}

async fn relay_both(
    client: &mut TcpStream,
    server: &mut TcpStream,
    faults: &watch::Receiver<Faults>,
    commits: Arc<Commits>,
) {
    // A connection that breaks has ended.
    let Ok(encrypted) = begin(client, server).await else { return };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let commits = (!encrypted).then_some(commits);
    tokio::select! {
        () = relay(from_client, to_server, faults.clone(), None) => {}
        () = relay(from_server, to_client, faults.clone(), commits) => {}
    }
}

/// Relays the beginning of a connection. Returns whether the rest is encrypted.
async fn begin(client: &mut TcpStream, server: &mut TcpStream) -> std::io::Result<bool> {
    loop {
        let mut first = [0; 8];
        client.read_exact(&mut first).await?;
        server.write_all(&first).await?;
        if !frames::asks_for_encryption(&first) {
            return Ok(false);
        }
        let answer = server.read_u8().await?;
        client.write_u8(answer).await?;
        if answer != b'N' {
            return Ok(true);
        }
    }
}

/// Relays one direction, late and in order. Reading goes on while pieces wait, so that a delay
/// makes the way longer, not narrower.
async fn relay(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut faults: watch::Receiver<Faults>,
    commits: Option<Arc<Commits>>,
) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let delays = faults.clone();
    let read = async move {
        let mut buffer = Vec::new();
        while from.read_buf(&mut buffer).await.is_ok_and(|size| size > 0) {
            let (piece, cut) = match &commits {
                Some(commits) => commits.pass(&mut buffer),
                None => (std::mem::take(&mut buffer), false),
            };
            let due = Instant::now() + delays.borrow().delay;
            if sender.send((due, piece)).await.is_err() || cut {
                break;
            }
        }
    };
    let write = async {
        while let Some((due, piece)) = pieces.recv().await {
            tokio::time::sleep_until(due).await;
            let thawed = faults.wait_for(|faults| !faults.frozen).await.is_ok();
            if !thawed || to.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    // What has been read is written before the end.
    tokio::select! {
        () = write => {}
        () = async { read.await; std::future::pending().await } => {}
    }
}
