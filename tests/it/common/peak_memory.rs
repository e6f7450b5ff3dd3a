//! The peak memory of a process, as Linux counts it.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Runs a command to its end. Returns its output without stderr, and its peak memory in KiB.
pub async fn peak_memory(mut command: Command) -> (Output, u64) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watched = tokio::task::spawn_blocking(move || {
        let mut peak = 0;
        // A process that has ended has no memory any more.
        while let Some(now) = std::fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text)) {
            peak = now.max(peak);
            std::thread::sleep(Duration::from_millis(5));
        }
        peak
    });
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    (output, watched.await.unwrap())
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
