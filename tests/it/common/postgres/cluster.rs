//! A PostgreSQL server with its databases: one for the tests of a process, or one for a test alone.
//! Not its faults (`control`) and its copies (`standby`).

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, NoTls};

use super::daemon::{Daemon, without_settings};
use super::disk::SmallDisk;
use super::initdb::initialize;
use super::options::{ClusterOptions, LOOPBACK, USER};
use super::programs;

/// How long a start may take. Recovery after a crash is part of it.
const START: Duration = Duration::from_mins(1);

/// A running cluster; it ends, and its folder is removed, with this value and with the test process.
#[derive(Debug)]
pub struct Cluster {
    pub(super) daemon: Daemon,
    pub(super) programs: &'static Path,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) password: Option<String>,
    pub(super) disk: Option<SmallDisk>,
}

impl ClusterOptions {
    /// Starts the cluster; none where there is no PostgreSQL, or no permission for the disk.
    pub fn start(&self) -> Option<Cluster> {
        let Some(programs) = programs::postgres() else {
            return programs::without("PostgreSQL");
        };
        if self.disk.is_some() && !SmallDisk::is_permitted() {
            return programs::skip("no permission to mount a file system");
        }
        let mut cluster = Cluster::empty(programs, self);
        let daemon = &cluster.daemon;
        if let Some(disk) = self.disk {
            daemon.mount("data", disk.mebibytes());
        }
        initialize(daemon, programs, self);
        self.write(daemon);
        cluster.listen();
        Some(cluster)
    }
}

impl Cluster {
    /// The cluster that the tests of this process share, started by the first one that asks; none
    /// where there is no PostgreSQL. Take a [`unique_schema`] or a
    /// [`database`](Self::database) in it.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        if programs::postgres().is_none() {
            return programs::without("PostgreSQL");
        }
        SHARED.get_or_init(|| Self::options().start()).as_ref()
    }

    /// The settings of a cluster of one's own, which a test may stop and kill.
    pub fn options() -> ClusterOptions {
        ClusterOptions::default()
    }

    /// A cluster without files, on no port yet.
    pub(super) fn empty(programs: &'static Path, options: &ClusterOptions) -> Self {
        Self {
            daemon: Daemon::new(&options.place),
            programs,
            address: options.address.clone(),
            port: 0,
            password: options.password.clone(),
            disk: options.disk,
        }
    }

    /// Starts the server on a free port. Another process may take the port first, so that it tries
    /// again with another one.
    pub(super) fn listen(&mut self) {
        for _ in 0..5 {
            self.port = free_port();
            if self.launch() {
                return;
            }
        }
        panic!("PostgreSQL does not start:\n{}", self.log());
    }

    /// Starts the server on its port and waits until it accepts connections. Returns whether it
    /// does.
    pub(super) fn launch(&mut self) -> bool {
        let mut postgres = self.daemon.command(self.programs.join("postgres"));
        postgres.arg("-D").arg(self.daemon.folder().join("data")).arg("-k").arg(self.socket());
        postgres.args(["-p", &self.port.to_string(), "-c", &format!("listen_addresses={}", self.address)]);
        self.daemon.start(postgres);
        let start = Instant::now();
        while !self.is_ready() {
            if self.daemon.has_ended() {
                return false;
            }
            assert!(start.elapsed() < START, "PostgreSQL does not become ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// The server writes its state into the eighth line of this file, below its process id.
    fn is_ready(&self) -> bool {
        let text = std::fs::read_to_string(self.daemon.path("data/postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let own = self.daemon.id().is_some_and(|id| lines.first() == Some(&id.to_string().as_str()));
        own && lines.get(7).is_some_and(|state| ["ready", "standby"].contains(state))
    }

    /// A client program of this PostgreSQL, such as `psql`, without this machine's own settings.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        without_settings(&mut command);
        command
    }

    /// The folder with the Unix socket.
    pub fn socket(&self) -> &Path {
        self.daemon.folder()
    }

    /// The address that it listens on, which stays the same over restarts.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.address.parse().unwrap(), self.port)
    }

    /// The URL of the database `postgres`, over TCP.
    pub fn database_url(&self) -> String {
        self.url_of("postgres")
    }

    fn url_of(&self, database: &str) -> String {
        let password = self.password.as_ref().map_or(String::new(), |password| format!(":{password}"));
        format!("postgres://{USER}{password}@{}/{database}", self.address())
    }

    /// The same URL, over the Unix socket.
    pub fn socket_url(&self) -> String {
        let folder = self.socket().to_str().unwrap().replace('/', "%2F");
        format!("postgres://{USER}@{folder}:{}/postgres", self.port)
    }

    /// Creates a database, with settings that hold for every session in it, such as
    /// `default_transaction_isolation` and `serializable`.
    pub async fn database(&self, settings: &[(&str, &str)]) -> Database {
        let name = unique("database");
        let client = self.client().await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        for (setting, value) in settings {
            client.batch_execute(&format!("ALTER DATABASE {name} SET {setting} = '{value}'")).await.unwrap();
        }
        Database { url: self.url_of(&name), name }
    }

    /// A connection of the superuser to a database, over the Unix socket, past every proxy.
    pub async fn client_of(&self, database: &str) -> Client {
        let mut config = Config::new();
        config.host_path(self.socket()).port(self.port).user(USER).dbname(database);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        // The client returns the error of the connection.
        tokio::spawn(connection);
        client
    }

    /// [`client_of`](Self::client_of) the database `postgres`.
    pub async fn client(&self) -> Client {
        self.client_of("postgres").await
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.daemon.log()).unwrap_or_default()
    }
}

/// A database of one test in a [`Cluster`].
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, over TCP.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The name of a schema that does not exist yet and that no other test gets.
pub fn unique_schema() -> String {
    unique("schema")
}

/// A name that this process uses once.
fn unique(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{kind}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A port that is free now, below those that the system gives to outgoing connections, so that it
/// is still free when the server is started again.
pub(super) fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(20_000..30_000);
        if std::net::TcpListener::bind((LOOPBACK, port)).is_ok() {
            return port;
        }
    }
}
