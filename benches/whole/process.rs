//! Runs the binary and measures its time and its peak memory.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary of this version.
pub const BINARY: &str = env!("CARGO_BIN_EXE_synctool");

/// The measurements of a run.
pub struct Run {
    pub taken: Duration,
    /// Peak resident memory, in KiB.
    pub peak: u64,
    /// The processor time of the process; zero on systems without `/proc`.
    pub processor_time: Duration,
    /// Whether it exited with 0.
    is_ok: bool,
}

/// The binary in a folder, without settings from the environment: a variable of these benchmarks is none of
/// the program's, which would warn about it.
fn program(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SYNCTOOL_"))
    {
        command.env_remove(name);
    }
    command
}

/// Runs `synctool cloneup` on a database; panics if it fails.
pub fn upload(folder: &Path, database: &Path, base: &str, arguments: &[&str]) -> Run {
    upload_with(BINARY.as_ref(), folder, database, base, arguments)
}

/// The same with another version.
pub fn upload_with(binary: &Path, folder: &Path, database: &Path, base: &str, arguments: &[&str]) -> Run {
    let database = ["--remote", base, "--db", database.to_str().unwrap()];
    succeed(measure(binary, folder, "cloneup", &[&database, arguments].concat()))
}

/// Runs `synctool verify` on a database; panics if it fails, but not if there are differences.
pub fn verify(folder: &Path, database: &Path, base: &str) -> Run {
    let (run, result) =
        measure(BINARY.as_ref(), folder, "verify", &["--remote", base, "--db", database.to_str().unwrap()]);
    assert!(result.contains("\"errors\":[]"), "{result}");
    run
}

/// Runs `synctool clone` into a new file; panics if it fails.
pub fn clone(folder: &Path, file: &Path, base: &str) -> Run {
    remove(file);
    run(folder, "clone", &["--remote", base, "--db", file.to_str().unwrap()])
}

/// Removes a SQLite file and what is beside it.
pub fn remove(file: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}

/// Runs a subcommand with these arguments; panics if it fails.
pub fn run(folder: &Path, subcommand: &str, arguments: &[&str]) -> Run {
    succeed(measure(BINARY.as_ref(), folder, subcommand, arguments))
}

/// The measurements of a run that has succeeded.
fn succeed((run, result): (Run, String)) -> Run {
    assert!(run.is_ok, "{result}");
    run
}

/// Runs a subcommand, and returns its result as well.
fn measure(binary: &Path, folder: &Path, subcommand: &str, arguments: &[&str]) -> (Run, String) {
    let start = Instant::now();
    let mut child = program(binary, folder)
        .args([subcommand, "--quiet", "--schema", "schema.json"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let watch = std::thread::spawn({
        let id = child.id();
        move || peak(id)
    });
    let mut result = String::new();
    child.stdout.take().unwrap().read_to_string(&mut result).unwrap();
    let processor_time = processor_time_at_the_end(child.id());
    let taken = start.elapsed();
    let is_ok = child.wait().unwrap().success();
    (Run { taken, peak: watch.join().unwrap(), processor_time, is_ok }, result)
}

/// The processor time of a child that has closed its output, when it has ended: until it is waited for, the
/// system keeps its statistics.
fn processor_time_at_the_end(id: u32) -> Duration {
    while let Some(stat) = Stat::read(id) {
        if stat.has_ended {
            return stat.processor_time;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Duration::ZERO
}

/// The statistics of a process.
struct Stat {
    has_ended: bool,
    processor_time: Duration,
}

impl Stat {
    /// `None` on systems without `/proc`.
    fn read(id: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name of the command, which may contain spaces, is the state; user and system time are the
        // 12th and 13th field, in hundredths of a second.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let has_ended = fields.next()? == "Z";
        let ticks: u64 = fields.skip(10).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Some(Self { has_ended, processor_time: Duration::from_millis(ticks * 10) })
    }
}

/// A running `synctool serve` with an empty store; dropping the value kills it.
pub struct Server {
    child: Child,
    base: String,
}

impl Server {
    pub fn start(folder: &Path, name: &str) -> Self {
        Self::start_binary(BINARY.as_ref(), folder, name)
    }

    /// Starts another version.
    pub fn start_binary(binary: &Path, folder: &Path, name: &str) -> Self {
        let store = folder.join(name);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("{name}{suffix}")));
        }
        Self::spawn(program(binary, folder).args(["serve", "--data"]).arg(store))
    }

    /// Starts one with its store in a schema of a PostgreSQL database.
    #[cfg(target_os = "linux")]
    pub fn start_on_postgres(folder: &Path, url: &str, schema: &str) -> Self {
        let mut command = program(BINARY.as_ref(), folder);
        command.args(["serve", "--database-schema", schema]);
        Self::spawn(command.env("SYNCTOOL_DATABASE_URL", url))
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.args(["--schema", "schema.json", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, base: line.trim().trim_start_matches("listening on ").to_owned() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The peak resident memory until now, in KiB; zero on systems without `/proc`.
    pub fn peak(&self) -> u64 {
        peak_now(self.child.id()).unwrap_or(0)
    }

    /// The processor time until now; zero on systems without `/proc`.
    pub fn processor_time(&self) -> Duration {
        Stat::read(self.child.id()).map_or(Duration::ZERO, |stat| stat.processor_time)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The highest `VmHWM` of a process until it ends, in KiB; zero on systems without `/proc`.
fn peak(id: u32) -> u64 {
    let mut peak = 0;
    while let Some(size) = peak_now(id) {
        peak = peak.max(size);
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

/// `VmHWM` of a process; `None` when it has ended.
fn peak_now(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The median; of an even number of durations, the upper one of the middle two.
pub fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}
