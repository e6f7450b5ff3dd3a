//! Benchmarks of whole runs of the `synctool` binary, each with a limit or a peer that is measured
//! in the same run. The limits are in `limits.rs` and `insert_loop.rs`, the server's stores beside each other in
//! `stores.rs`; the pieces of the encoder are in `benches/encode.rs`.
//!
//! `cargo bench --bench whole` runs everything; names after `--` select benchmarks, and
//! `SYNCTOOL_BENCH_RECORDS` (default 1000000) sets the size. Figures are medians.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and stops at the first failure"
)]
#![allow(clippy::cast_precision_loss, reason = "the printed figures are rounded")]

mod before;
mod comparisons;
mod data;
mod feed;
mod insert_loop;
mod limits;
#[cfg(target_os = "linux")]
#[path = "../../tests/it/common/postgres/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use all of it")]
mod postgres;
#[cfg(target_os = "linux")]
mod postgres_loop;
mod process;
mod row_loop;
mod scaling;
mod sink;
#[cfg(target_os = "linux")]
mod stores;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use data::Ids;
use process::{Run, Server, median, upload};
use sink::Sink;

/// The name of a benchmark, and its function; arguments: the working folder and the number of records.
type Bench = (&'static str, fn(&Path, u64));

/// Runs per figure; the median is printed.
const RUNS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, latency] = arguments.as_slice()
        && first == sink::ARGUMENT
    {
        return sink::run(Duration::from_millis(latency.parse().unwrap()));
    }
    let records = std::env::var("SYNCTOOL_BENCH_RECORDS").map_or(1_000_000, |text| text.parse().unwrap());
    // In the target folder, because a folder for temporary files may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let benches: &[Bench] = &[
        ("client", client),
        ("peer", peer),
        ("latency", latency),
        ("serve", serve),
        #[cfg(target_os = "linux")]
        ("inserts", inserts),
        #[cfg(target_os = "linux")]
        ("stores", stores::run),
        ("comparisons", comparisons::run),
        ("before", before::server),
        ("client-before", before::client),
        ("feed", read_feed),
        ("clone", clone),
        ("catching-up", catching_up),
        ("memory", memory),
        ("shards", scaling::shards),
        ("databases", scaling::databases),
    ];
    for (name, bench) in benches {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            println!("\n{name}");
            bench(folder.path(), records);
        }
    }
}

/// Prints one figure, and its ratio to `beside`.
fn line(what: &str, records: u64, taken: Duration, beside: Option<(&str, f64)>) {
    let rate = records as f64 / taken.as_secs_f64();
    let beside = beside.map_or(String::new(), |(what, ratio)| format!("  {ratio:>6.2} {what}"));
    println!("  {what:<46} {:>8.2} s {rate:>10.0} records/s{beside}", taken.as_secs_f64());
}

/// An upload to a server that only acknowledges, compared with scan and encode alone and with HTTP
/// alone.
fn client(folder: &Path, records: u64) {
    let sink = Sink::start(Duration::ZERO);
    for ids in [Ids::Rising, Ids::Scattered] {
        let database = data::make(folder, records, ids);
        let mut taken = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            taken.0.push(limits::scan_and_encode(&database));
            taken.1.push(limits::http(&database, sink.base()));
            let Run { taken: time, peak, .. } = upload(folder, &database, sink.base(), &[]);
            taken.2.push(time);
            taken.3.push(peak);
        }
        let (scan, http, run) = (median(&taken.0), median(&taken.1), median(&taken.2));
        println!("  {ids:?} ids");
        line("SQLite scan alone", records, limits::scan(&database), None);
        line("scan and encode alone", records, scan, None);
        line("HTTP with prebuilt bodies alone", records, http, None);
        line("synctool cloneup", records, run, Some(("of the slower limit", ratio(scan.max(http), run))));
        println!("  peak memory {:.1} MiB", *taken.3.iter().max().unwrap() as f64 / 1024.0);
    }
}

/// The same upload as a sequential loop in Python, with the usual HTTP library and with the leanest
/// one. A run takes long enough for the speed of the machine to change, so an upload is measured
/// before and after each run.
fn peer(folder: &Path, records: u64) {
    let sink = Sink::start(Duration::ZERO);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/whole/peer.py");
    for ids in [Ids::Rising, Ids::Scattered] {
        let database = data::make(folder, records, ids);
        println!("  {ids:?} ids");
        for library in ["requests", "http.client"] {
            let (mut peers, mut uploads) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                uploads.push(upload(folder, &database, sink.base(), &[]).taken);
                let mut python = Command::new("python3");
                python.arg(&script).arg(&database).args([sink.base(), library]);
                let start = Instant::now();
                if !python.status().is_ok_and(|status| status.success()) {
                    break;
                }
                peers.push(start.elapsed());
                uploads.push(upload(folder, &database, sink.base(), &[]).taken);
            }
            if peers.is_empty() {
                println!("  {library} is left out: there is no python3 that can do it");
                continue;
            }
            let (peer, run) = (median(&peers), median(&uploads));
            line(&format!("sequential Python client, {library}"), records, peer, None);
            line("synctool cloneup", records, run, Some(("times as fast", ratio(peer, run))));
        }
    }
}

/// A server with 25 ms of latency: one request at a time, then `--concurrency auto`.
fn latency(folder: &Path, _: u64) {
    const RECORDS: u64 = 20_000;
    let database = data::make(folder, RECORDS, Ids::Rising);
    let sink = Sink::start(Duration::from_millis(25));
    let one = upload(folder, &database, sink.base(), &["--concurrency", "1"]).taken;
    let runs: Vec<_> = (0..RUNS).map(|_| upload(folder, &database, sink.base(), &[]).taken).collect();
    line("--concurrency 1, 25 ms", RECORDS, one, None);
    let run = median(&runs);
    line("default, 25 ms", RECORDS, run, Some(("times as fast", ratio(one, run))));
}

/// An upload to the real server, durable, compared with the insert loop; then the same upload again,
/// which the server deduplicates.
fn serve(folder: &Path, records: u64) {
    let database = data::make(folder, records, Ids::Rising);
    let mut taken = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        settle();
        taken.0.push(insert_loop::run(&insert_loop::rows(&database), &folder.join("loop.db"), 1000));
        std::fs::remove_file(folder.join("loop.db")).unwrap();
        let server = Server::start(folder, "server.db");
        settle();
        taken.1.push(upload(folder, &database, server.base(), &[]).taken);
        taken.2.push(upload(folder, &database, server.base(), &["--no-resume"]).taken);
    }
    let (alone, first, again) = (median(&taken.0), median(&taken.1), median(&taken.2));
    line("SQLite insert loop alone", records, alone, None);
    line("synctool cloneup into serve", records, first, Some(("of the loop", ratio(alone, first))));
    line("again, all deduplicated", records, again, Some(("times as fast", ratio(first, again))));
}

/// The whole feed and a clone, read by a client that only reads, compared with a bare `SELECT`.
fn read_feed(folder: &Path, records: u64) {
    let database = data::make(folder, records, Ids::Rising);
    let server = Server::start(folder, "server.db");
    upload(folder, &database, server.base(), &["--no-pull-after"]);
    let mut taken = (Vec::new(), Vec::new(), Vec::new());
    let mut clone_bytes = 0;
    for _ in 0..RUNS {
        taken.0.push(feed::select(&folder.join("server.db")));
        taken.1.push(feed::pull(server.base()));
        let peak = server.peak();
        let (time, bytes) = feed::clone(server.base());
        taken.2.push(time);
        clone_bytes = bytes;
        println!("  peak memory {} MiB before a clone, {} after", peak / 1024, server.peak() / 1024);
    }
    let (select, pull, clone) = (median(&taken.0), median(&taken.1), median(&taken.2));
    line("bare SELECT", records, select, None);
    line("pull of everything", records, pull, Some(("of it", ratio(select, pull))));
    line("clone", records, clone, Some(("of it", ratio(select, clone))));
    println!("  a clone of {} MiB", clone_bytes / 1024 / 1024);
}

/// The insert loop on both engines, and PostgreSQL with one mutation in a transaction.
#[cfg(target_os = "linux")]
fn inserts(folder: &Path, _: u64) {
    const RECORDS: u64 = 100_000;
    let rows = insert_loop::rows(&data::make(folder, RECORDS, Ids::Scattered));
    // Not in the folder for temporary files, which may be in memory, nor in `folder`, where its user may
    // not go.
    let Some(cluster) = postgres::Cluster::options().parent("/var/tmp").start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for group in [100, 1000] {
        let mut taken = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            settle();
            taken.0.push(insert_loop::run(&rows, &folder.join("loop.db"), group));
            settle();
            taken.1.push(runtime.block_on(postgres_loop::run(&cluster, &rows, group)));
        }
        let (sqlite, postgres) = (median(&taken.0), median(&taken.1));
        line(&format!("SQLite, {group} in a transaction"), RECORDS, sqlite, None);
        line(
            &format!("PostgreSQL, {group} in a transaction"),
            RECORDS,
            postgres,
            Some(("of SQLite", ratio(sqlite, postgres))),
        );
    }
    for connections in [1, 4] {
        let rate = runtime.block_on(postgres_loop::pgbench(&cluster, connections));
        println!("  pgbench, 1 in a transaction, {connections} connections {rate:>24.0} records/s");
    }
}

/// The way back: a clone into a new file, and a pull into empty tables, compared with the upload of the same
/// rows and with a bare insert loop of them.
fn clone(folder: &Path, records: u64) {
    let database = data::make(folder, records, Ids::Rising);
    let (file, empty) = (folder.join("clone.db"), folder.join("pull.db"));
    let mut taken = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let mut peak = 0;
    for _ in 0..RUNS {
        settle();
        taken[0].push(row_loop::run(&database, &file));
        let server = Server::start(folder, "server.db");
        settle();
        taken[1].push(upload(folder, &database, server.base(), &["--no-pull-after"]).taken);
        settle();
        let cloned = process::clone(folder, &file, server.base());
        taken[2].push(cloned.taken);
        std::fs::copy(data::make(folder, 0, Ids::Rising), &empty).unwrap();
        settle();
        let pulled = upload(folder, &empty, server.base(), &["--client-id", "another"]);
        taken[3].push(pulled.taken);
        peak = peak.max(cloned.peak).max(pulled.peak);
        process::remove(&empty);
    }
    let [alone, up, clone, pull] = taken.map(|taken| median(&taken));
    line("SQLite insert loop alone", records, alone, None);
    line("synctool cloneup into serve", records, up, None);
    line("synctool clone", records, clone, Some(("of the upload's time", ratio(clone, up))));
    line("cloneup's pull into empty tables", records, pull, Some(("of the upload's time", ratio(pull, up))));
    println!(
        "  clone: {:.2} of the insert loop's speed; peak memory {:.1} MiB",
        ratio(alone, clone),
        peak as f64 / 1024.0
    );
}

/// Waits until earlier writes are on disk; otherwise the next figure would include them.
fn settle() {
    // Without this command the figures are less stable.
    let _ = Command::new("sync").status();
}

/// The cost of the pull after an upload, from a server that omits what the client has just sent.
fn catching_up(folder: &Path, _: u64) {
    const RECORDS: u64 = 100_000;
    let database = data::make(folder, RECORDS, Ids::Rising);
    let mut taken = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        for (arguments, taken) in [(&["--no-pull-after"][..], &mut taken.0), (&[], &mut taken.1)] {
            let server = Server::start(folder, "server.db");
            taken.push(upload(folder, &database, server.base(), arguments).taken);
        }
    }
    let (without, with) = (median(&taken.0), median(&taken.1));
    line("upload without a pull", RECORDS, without, None);
    line("upload and pull", RECORDS, with, Some(("of it", ratio(without, with))));
}

/// The peak memory of the client for three database sizes.
fn memory(folder: &Path, _: u64) {
    let sink = Sink::start(Duration::ZERO);
    for records in [10_000, 100_000, 2_000_000] {
        let database = data::make(folder, records, Ids::Scattered);
        let Run { taken, peak, .. } = upload(folder, &database, sink.base(), &[]);
        line("synctool cloneup", records, taken, Some(("MiB at the most", peak as f64 / 1024.0)));
    }
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
