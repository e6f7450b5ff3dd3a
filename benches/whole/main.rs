//! Whole runs of the `synctool` binary, each beside a limit that is measured in the same run.
//!
//! `cargo bench --bench whole` runs everything; names behind `--` run only these, and
//! `SYNCTOOL_BENCH_RECORDS` (default 1000000) sets the size. Figures are medians.

mod data;
mod limits;
mod process;
mod sink;

use std::path::Path;
use std::time::Duration;

use process::{Run, median, upload};
use sink::Sink;

/// How often each figure is measured.
const RUNS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, latency] = arguments.as_slice()
        && first == sink::ARGUMENT
    {
        return sink::run(Duration::from_millis(latency.parse().unwrap()));
    }
    let records = std::env::var("SYNCTOOL_BENCH_RECORDS").map_or(1_000_000, |text| text.parse().unwrap());
    // On the same disk as the target folder: a folder for temporary files may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let benches: [(&str, fn(&Path, u64)); 1] = [("client", client)];
    for (name, bench) in benches {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            println!("\n{name}");
            bench(folder.path(), records);
        }
    }
}

/// One figure, and what share of its limit it is.
fn line(what: &str, records: u64, taken: Duration, beside: Option<(&str, f64)>) {
    let rate = records as f64 / taken.as_secs_f64();
    let beside = beside.map_or(String::new(), |(what, ratio)| format!("  {ratio:>6.2} {what}"));
    println!("  {what:<46} {:>8.2} s {rate:>10.0} records/s{beside}", taken.as_secs_f64());
}

/// An upload into a server that only acknowledges, against reading and encoding alone and
/// against sending the same bytes alone.
fn client(folder: &Path, records: u64) {
    let database = data::make(folder, records);
    let sink = Sink::start(Duration::ZERO);
    let mut taken = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        taken.0.push(limits::scan_and_encode(&database));
        taken.1.push(limits::http(&database, sink.base()));
        let Run { taken: time, peak, .. } = upload(folder, &database, sink.base(), &[]);
        taken.2.push(time);
        taken.3.push(peak);
    }
    let (scan, http, run) = (median(&taken.0), median(&taken.1), median(&taken.2));
    line("scan and encode alone", records, scan, None);
    line("HTTP with prebuilt bodies alone", records, http, None);
    line(
        "synctool cloneup",
        records,
        run,
        Some(("of the slower limit", scan.max(http).as_secs_f64() / run.as_secs_f64())),
    );
    println!("  peak memory {:.1} MiB", taken.3.iter().max().unwrap().clone() as f64 / 1024.0);
}
