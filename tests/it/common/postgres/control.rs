//! Faults of a cluster's server: it stops, is killed, is paused, drops its connections, or has a full
//! disk. A test does this to a cluster of its own; the shared one cannot be borrowed mutably. Not the network's faults (`proxy`, `network`).

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use rustix::process::{Signal, kill_process, test_kill_process};

use super::cluster::Cluster;
use super::daemon::pid;

/// The file that fills a small disk.
const FILLER: &str = "data/filler";

impl Cluster {
    /// Stops the server in order: open transactions are rolled back, and the log is flushed.
    pub fn stop(&mut self) {
        self.resume();
        self.daemon.end(Signal::INT);
    }

    /// Stops the server without any order (`pg_ctl stop -m immediate`): it recovers from its log
    /// when it is started again.
    pub fn stop_immediately(&mut self) {
        self.resume();
        self.daemon.end(Signal::QUIT);
    }

    /// Kills all of the server's processes with SIGKILL.
    pub fn kill(&mut self) {
        let backends = self.stop_processes();
        self.daemon.end(Signal::KILL);
        for &backend in &backends {
            // It may have ended with its parent.
            let _ = kill_process(pid(backend), Signal::KILL);
        }
        // The shared memory is in use until the last one has ended.
        while backends.iter().any(|&backend| runs(backend)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts the server again on the same port. One that still runs is stopped in order.
    pub fn restart(&mut self) {
        self.stop();
        for _ in 0..50 {
            if self.launch() {
                return;
            }
            // Processes of a server that was killed may still end.
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("PostgreSQL does not start again:\n{}", self.log());
    }

    /// Whether the server has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.daemon.has_ended()
    }

    /// Stops all of the server's processes with SIGSTOP: connections stay open, and nobody answers.
    pub fn pause(&mut self) {
        self.stop_processes();
    }

    /// Lets a paused server go on. Every orderly end does so first.
    pub fn resume(&mut self) {
        for backend in self.backends() {
            // It may have ended.
            let _ = kill_process(pid(backend), Signal::CONT);
        }
        self.daemon.signal(Signal::CONT);
    }

    /// Stops the processes, the parent first: it starts no others then. Returns the others.
    fn stop_processes(&self) -> Vec<u32> {
        let Some(server) = self.daemon.id() else { return Vec::new() };
        self.daemon.signal(Signal::STOP);
        // It may start one more before the signal arrives. Z: it has ended by itself.
        while state(server).is_some_and(|(state, _)| !["T", "Z"].contains(&state.as_str())) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let backends = self.backends();
        for &backend in &backends {
            // It may have ended.
            let _ = kill_process(pid(backend), Signal::STOP);
        }
        backends
    }

    /// The processes that the server has started, from Linux's `/proc`.
    fn backends(&self) -> Vec<u32> {
        let Some(server) = self.daemon.id() else { return Vec::new() };
        let processes = std::fs::read_dir("/proc").expect("Linux's /proc").filter_map(Result::ok);
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|&id| state(id).is_some_and(|(_, parent)| parent == server)).collect()
    }

    /// Fills the small disk to its last page.
    ///
    /// # Panics
    ///
    /// Where the cluster has none.
    pub fn fill_disk(&self) {
        assert!(self.disk.is_some(), "this cluster has no small disk");
        let mut file = File::options().create(true).append(true).open(self.daemon.path(FILLER)).unwrap();
        // The page size of the file system.
        let page = [0; 4096];
        let full = loop {
            if let Err(error) = file.write_all(&page) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    /// Empties the disk of what [`fill_disk`](Self::fill_disk) has written.
    pub fn free_disk(&self) {
        std::fs::remove_file(self.daemon.path(FILLER)).unwrap();
    }

    /// Ends every session in a database with `pg_terminate_backend`, and returns how many there
    /// were.
    pub async fn terminate_sessions(&self, database: &str) -> usize {
        let sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = $1 AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        self.client().await.query(sessions, &[&database]).await.unwrap().len()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Processes that are paused do not end in order.
        self.resume();
    }
}

/// Whether a process of somebody else's runs. One that its parent has not waited for has ended.
fn runs(id: u32) -> bool {
    test_kill_process(pid(id)).is_ok() && state(id).is_some_and(|(state, _)| state != "Z")
}

/// The state and the parent of a process: the fields after the name in brackets.
fn state(id: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
