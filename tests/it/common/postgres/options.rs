//! How a cluster is configured. Not how it is started (`cluster`).

use std::path::{Path, PathBuf};

use super::daemon::{Daemon, Place};
use super::disk::SmallDisk;
use super::network::{Host, NETWORK};
use super::tls;

/// The superuser of every cluster.
pub const USER: &str = "postgres";

/// Where a cluster listens that is in no network of its own.
pub(super) const LOOPBACK: &str = "127.0.0.1";

/// Bytes of memory that must be free for clusters in it. A small one takes a twentieth.
const MEMORY: u64 = 2 << 30;

/// Settings of a cluster that a test has to itself; `start` starts it (`cluster`).
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    pub(super) place: Place,
    pub(super) address: String,
    pub(super) password: Option<String>,
    pub(super) disk: Option<SmallDisk>,
    tls: bool,
    settings: Vec<(String, String)>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        let settings = [
            // Tests run side by side, and each has a pool or two.
            ("max_connections", "200"),
            ("shared_buffers", "64MB"),
            // In the folder, so that a server that is killed leaves nothing elsewhere.
            ("dynamic_shared_memory_type", "mmap"),
            // A test that fails prints the log.
            ("log_line_prefix", "%m [%p] %q%a "),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let address = LOOPBACK.to_owned();
        Self { place: Place::default(), address, password: None, disk: None, tls: false, settings }
    }
}

impl ClusterOptions {
    /// The folder for the cluster's own; the default is the one for temporary files, which may be
    /// in memory.
    #[must_use]
    pub fn parent(mut self, folder: impl Into<PathBuf>) -> Self {
        self.place.parent = folder.into();
        self
    }

    /// Keeps the files in memory where it has room, and waits for no disk in any case. A server that
    /// is killed loses nothing by that.
    #[must_use]
    pub fn in_memory(self) -> Self {
        let memory = Path::new("/dev/shm");
        let free = rustix::fs::statvfs(memory).map_or(0, |space| space.f_bavail * space.f_frsize);
        let fast = self.setting("fsync", "off");
        if free > MEMORY { fast.parent(memory) } else { fast }
    }

    /// A line of `postgresql.conf`, such as `fsync` and `off`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Demands a password (SCRAM-SHA-256) over TCP. The URLs contain it.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Demands TLS over TCP, with a certificate for 127.0.0.1 of the authority
    /// [`CA_CERTIFICATE`](tls::CA_CERTIFICATE).
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self.setting("ssl", "on").setting("ssl_cert_file", "server.pem").setting("ssl_key_file", "key.pem")
    }

    /// Keeps the data, or the data and the log, on a disk that a test can fill.
    #[must_use]
    pub fn disk(mut self, disk: SmallDisk) -> Self {
        self.disk = Some(disk);
        self.place.mounts = true;
        self
    }

    /// Runs on a host of a network that a test can partition. Its URLs have the host's address.
    #[must_use]
    pub fn host(mut self, host: &Host) -> Self {
        host.address().clone_into(&mut self.address);
        self.place.network = Some(host.process());
        self
    }

    /// Writes the configuration of a new cluster into its data folder. The last line of a name
    /// counts.
    pub(super) fn write(&self, daemon: &Daemon) {
        let line = |(name, value): &(String, String)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        let text: String = self.settings.iter().map(line).collect();
        daemon.write("data/postgresql.conf", &text);
        daemon.write("data/pg_hba.conf", &self.access());
        if self.tls {
            daemon.write("data/server.pem", tls::SERVER_CERTIFICATE);
            daemon.write("data/key.pem", tls::SERVER_KEY);
        }
    }

    /// The text of `pg_hba.conf`: over the socket, which only this user and root can open, the
    /// tests themselves.
    fn access(&self) -> String {
        let kind = if self.tls { "hostssl" } else { "host" };
        let method = if self.password.is_some() { "scram-sha-256" } else { "trust" };
        let tcp = |addresses| format!("{kind} all,replication all {addresses} {method}\n");
        format!("local all,replication {USER} trust\n{}{}", tcp("127.0.0.1/32"), tcp(NETWORK))
    }
}
