//! One upload divided into shards, and a thousand databases with one command: each compared with what one
//! would do without. The other benchmarks are in `main.rs`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::data::{self, Ids};
#[cfg(target_os = "linux")]
use super::postgres::{Cluster, unique_schema};
use super::process::{BINARY, Run, Server, median, run};
use super::{RUNS, line, ratio, settle};

/// Records of the database that is divided.
const SHARDED_RECORDS: u64 = 100_000;

/// Databases, unless `SYNCTOOL_BENCH_DATABASES` says otherwise, and the records in each.
const DATABASES: u64 = 1000;
const RECORDS: u64 = 20;

/// The records of one database, uploaded by one process, by two shards and by four, into both stores.
pub fn shards(folder: &Path, _: u64) {
    let database = data::make(folder, SHARDED_RECORDS, Ids::Scattered);
    println!("  into SQLite");
    side_by_side(folder, &database, || Server::start(folder, "server.db"));
    #[cfg(target_os = "linux")]
    {
        // Not in the folder for temporary files, which may be in memory.
        let Some(cluster) = Cluster::options().parent("/var/tmp").start() else { return };
        println!("  into PostgreSQL");
        side_by_side(folder, &database, || {
            Server::start_on_postgres(folder, &cluster.database_url(), &unique_schema())
        });
    }
}

fn side_by_side(folder: &Path, database: &Path, mut server: impl FnMut() -> Server) {
    let mut taken = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        for (taken, shards) in taken.iter_mut().zip([1, 2, 4]) {
            let server = server();
            settle();
            let start = Instant::now();
            let children: Vec<Child> =
                (1..=shards).map(|index| shard(folder, database, server.base(), index, shards)).collect();
            for mut child in children {
                assert!(child.wait().unwrap().success());
            }
            taken.push(start.elapsed());
        }
    }
    let [one, two, four] = taken.map(|taken| median(&taken));
    line("one process", SHARDED_RECORDS, one, None);
    line("2 shards side by side", SHARDED_RECORDS, two, Some(("times as fast", ratio(one, two))));
    line("4 shards side by side", SHARDED_RECORDS, four, Some(("times as fast", ratio(one, four))));
}

fn shard(folder: &Path, database: &Path, base: &str, index: u32, of: u32) -> Child {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(["cloneup", "--quiet", "--schema", "schema.json", "--no-resume"]);
    command.args(["--remote", base, "--stage", "records", "--db"]).arg(database);
    if of > 1 {
        command.args(["--shard", &format!("{index}/{of}")]);
    }
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Many small databases with one command, and with one command each: in a loop of the shell, and two side
/// by side. They do not pull: into one store, every database would get the records of all others.
pub fn databases(folder: &Path, _: u64) {
    let count = std::env::var("SYNCTOOL_BENCH_DATABASES").map_or(DATABASES, |text| text.parse().unwrap());
    let (mut taken, mut peak) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let server = fresh(folder, count);
        let arguments = ["--remote", server.base(), "--no-pull-after", "--db", "small/*.db"];
        let Run { taken: time, peak: highest, .. } = run(folder, "cloneup", &arguments);
        taken.push(time);
        peak = peak.max(highest);
    }
    let one = median(&taken);
    let each = "\"$BINARY\" cloneup --quiet --schema schema.json --no-pull-after --remote \"$BASE\" --db";
    let in_a_loop = looped(folder, count, &format!("for db in small/*.db; do {each} \"$db\" || exit; done"));
    let two = looped(folder, count, &format!("ls small/*.db | xargs -P 2 -I DB {each} DB"));
    let records = count * RECORDS;
    line(&format!("{count} databases, one command"), records, one, None);
    line("a loop of the shell", records, in_a_loop, Some(("times as long", ratio(in_a_loop, one))));
    line("xargs -P 2", records, two, Some(("times as long", ratio(two, one))));
    println!("  peak memory of one command {:.1} MiB", peak as f64 / 1024.0);
}

/// New databases in `small`, and a server with an empty store.
fn fresh(folder: &Path, count: u64) -> Server {
    let small = folder.join("small");
    // There is none before the first run.
    let _ = std::fs::remove_dir_all(&small);
    std::fs::create_dir(&small).unwrap();
    let original = data::make(folder, RECORDS, Ids::Rising);
    for number in 0..count {
        let path: PathBuf = small.join(format!("{number:05}.db"));
        std::fs::copy(&original, &path).unwrap();
        let database = Connection::open(path).unwrap();
        database
            .execute_batch(&format!(
                "PRAGMA synchronous = off; UPDATE todos SET id = '{number}-' || id;
                 UPDATE __datafn_meta SET value = 'client-{number}'"
            ))
            .unwrap();
    }
    settle();
    Server::start(folder, "server.db")
}

/// The time that a shell takes for it; a loop of minutes is measured once.
fn looped(folder: &Path, count: u64, script: &str) -> Duration {
    let server = fresh(folder, count);
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", script]).env("BINARY", BINARY).env("BASE", server.base());
    let start = Instant::now();
    assert!(shell.stdout(Stdio::null()).status().unwrap().success());
    start.elapsed()
}
