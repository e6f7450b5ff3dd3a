//! Processor time beside that of another version, which `SYNCTOOL_BENCH_BEFORE` names: both versions run in
//! turns, because the speed of a machine changes from minute to minute.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::data::{self, Columns, Ids};
use super::process::{BINARY, Server, median, upload, upload_with};
use super::sink::Sink;
use super::{RUNS, line, ratio, settle};

/// The binary of the version before; `None`, with a line that says so, where none is named.
fn binary_before() -> Option<PathBuf> {
    let before = std::env::var_os("SYNCTOOL_BENCH_BEFORE").map(PathBuf::from);
    if before.is_none() {
        println!("  left out: SYNCTOOL_BENCH_BEFORE names no binary");
    }
    before
}

/// The processor time that the server needs for an upload. The client is this version.
pub fn server(folder: &Path, records: u64) {
    let Some(before) = binary_before() else { return };
    for ids in [Ids::Rising, Ids::Scattered] {
        let database = data::make(folder, records, ids);
        let mut taken = [Vec::new(), Vec::new()];
        for _ in 0..RUNS {
            for (binary, taken) in [before.as_path(), BINARY.as_ref()].into_iter().zip(&mut taken) {
                settle();
                let server = Server::start_binary(binary, folder, "server.db");
                upload(folder, &database, server.base(), &["--no-pull-after"]);
                taken.push(server.processor_time());
            }
        }
        let [before, now] = taken.map(|taken| median(&taken));
        println!("  {ids:?} ids, processor time of serve");
        line("before", records, before, None);
        line("now", records, now, Some(("times as fast", ratio(before, now))));
    }
}

/// The processor time and the time that the client needs to upload to a server that only acknowledges, with and
/// without a column of JSON text.
pub fn client(folder: &Path, records: u64) {
    let Some(before) = binary_before() else { return };
    let sink = Sink::start(Duration::ZERO);
    for (columns, ids) in [Columns::WithJson, Columns::Plain]
        .into_iter()
        .flat_map(|columns| [(columns, Ids::Rising), (columns, Ids::Scattered)])
    {
        let database = data::make_with(folder, records, ids, columns);
        let (mut used, mut taken) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for _ in 0..RUNS {
            for (index, binary) in [before.as_path(), BINARY.as_ref()].into_iter().enumerate() {
                let arguments = ["--no-pull-after", "--no-resume"];
                let run = upload_with(binary, folder, &database, sink.base(), &arguments);
                used[index].push(run.processor_time);
                taken[index].push(run.taken);
            }
        }
        let [used, taken] = [used, taken].map(|both| both.map(|runs| median(&runs)));
        println!("  {columns:?} columns, {ids:?} ids");
        line("before, processor time", records, used[0], None);
        line("now, processor time", records, used[1], Some(("of it", ratio(used[1], used[0]))));
        line("before, time", records, taken[0], None);
        line("now, time", records, taken[1], Some(("of it", ratio(taken[1], taken[0]))));
    }
}
