//! Comparisons with a server that has the same rows, or all but a thousand: times beside those of reading
//! and encoding the database alone, and the bytes on the wire.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::data::{self, Ids};
use super::process::{Server, median, upload, verify};
use super::{RUNS, limits, line, ratio};

/// How many rows differ in the second part.
const DIFFERENCES: u64 = 1000;

/// A relay that counts the bytes in both directions.
struct Relay {
    base: String,
    bytes: Arc<AtomicU64>,
}

impl Relay {
    fn start(server: &str) -> Self {
        let target = server.split('/').nth(2).unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                let both = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
                for (from, to) in both {
                    let counted = Arc::clone(&counted);
                    std::thread::spawn(move || copy(from, to, &counted));
                }
            }
        });
        Self { base, bytes }
    }

    /// The bytes since the last time.
    fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        counted.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Runs the benchmark.
pub fn run(folder: &Path, records: u64) {
    let database = data::make(folder, records, Ids::Scattered);
    let server = Server::start(folder, "server.db");
    upload(folder, &database, server.base(), &[]);
    let relay = Relay::start(server.base());
    let changed = folder.join("changed.db");
    std::fs::copy(&database, &changed).unwrap();
    let step = (records / DIFFERENCES).max(1);
    let sql = format!("UPDATE todos SET title = title || '!' WHERE rowid % {step} = 0");
    Connection::open(&changed).unwrap().execute_batch(&sql).unwrap();

    let (mut alone, mut bytes) = (Vec::new(), [0; 3]);
    let mut taken = [Vec::new(), Vec::new(), Vec::new()];
    let mut peak = 0;
    for _ in 0..RUNS {
        alone.push(limits::scan_and_encode(&database));
        let equal = verify(folder, &database, &relay.base);
        bytes[0] = relay.take();
        let unchanged = upload(folder, &database, &relay.base, &["--only-changed"]);
        bytes[1] = relay.take();
        let different = verify(folder, &changed, &relay.base);
        bytes[2] = relay.take();
        let runs = [equal, unchanged, different];
        for (taken, run) in taken.iter_mut().zip(runs) {
            taken.push(run.taken);
            peak = peak.max(run.peak);
        }
    }
    let alone = median(&alone);
    line("scan and encode alone", records, alone, None);
    let what = ["verify, all equal", "cloneup --only-changed, all equal", "verify, a thousand differences"];
    for ((what, taken), bytes) in what.into_iter().zip(taken).zip(bytes) {
        let taken = median(&taken);
        line(what, records, taken, Some(("times that", ratio(taken, alone))));
        println!("    {} KiB on the wire", bytes / 1024);
    }
    println!("  peak memory {:.1} MiB", peak as f64 / 1024.0);
}
