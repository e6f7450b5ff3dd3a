//! pgbouncer in transaction mode in front of a cluster: a transaction has a server connection, a
//! client connection has none of its own. Not the cluster.

use std::time::{Duration, Instant};

use super::cluster::{Cluster, free_port};
use super::daemon::{Daemon, Place};
use super::options::{LOOPBACK, USER};
use super::programs;

/// A running pgbouncer; it ends with this value and with the test process.
#[derive(Debug)]
pub struct PgBouncer {
    daemon: Daemon,
    port: u16,
}

impl PgBouncer {
    /// Starts it in front of every database of a cluster, with so many server connections for
    /// each; none where there is no pgbouncer.
    pub fn start(cluster: &Cluster, connections: u16) -> Option<Self> {
        let Some(program) = programs::other("pgbouncer") else {
            return programs::without("pgbouncer");
        };
        let daemon = Daemon::new(&Place::default());
        daemon.write("users", &format!("\"{USER}\" \"\"\n"));
        let mut bouncer = Self { daemon, port: 0 };
        for _ in 0..5 {
            bouncer.port = free_port();
            bouncer.daemon.write("pgbouncer.ini", &bouncer.configuration(cluster, connections));
            let mut command = bouncer.daemon.command(&program);
            command.arg("pgbouncer.ini");
            bouncer.daemon.start(command);
            if bouncer.becomes_ready() {
                return Some(bouncer);
            }
        }
        panic!("pgbouncer does not start:\n{}", bouncer.log());
    }

    /// Nothing is ignored or reset that pgbouncer does not ignore or reset by default.
    fn configuration(&self, cluster: &Cluster, connections: u16) -> String {
        let (socket, port) = (cluster.socket().display(), cluster.address().port());
        format!(
            "[databases]\n* = host={socket} port={port}\n[pgbouncer]\nlisten_addr = {LOOPBACK}\n\
             listen_port = {}\nunix_socket_dir =\nauth_type = trust\nauth_file = users\npidfile = pid\n\
             pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 500\n",
            self.port
        )
    }

    /// Whether it accepts connections: it ends where another process has the port.
    fn becomes_ready(&mut self) -> bool {
        let start = Instant::now();
        let file = self.daemon.folder().join("pid");
        let own = self.daemon.id().map(|id| id.to_string());
        // It writes its process id when it listens.
        while std::fs::read_to_string(&file).ok().map(|text| text.trim().to_owned()) != own {
            if self.daemon.has_ended() {
                return false;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "pgbouncer does not listen:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// The URL of a database through it.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{LOOPBACK}:{}/{database}", self.port)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }
}
