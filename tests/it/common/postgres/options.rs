//! How a cluster is configured. Not how it is started (`cluster`).

use std::path::PathBuf;

use super::cluster::Cluster;

/// Settings of a cluster that a test has to itself; [`ClusterOptions::start`] starts it.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    pub(super) parent: PathBuf,
    pub(super) settings: Vec<(String, String)>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        let settings = [
            ("listen_addresses", "127.0.0.1"),
            // Tests run side by side, and each has a pool or two.
            ("max_connections", "200"),
            ("shared_buffers", "64MB"),
            // A failure prints the log.
            ("log_line_prefix", "%m [%p] %q%a "),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { parent: std::env::temp_dir(), settings }
    }
}

impl ClusterOptions {
    /// A line of `postgresql.conf`, such as `fsync` and `off`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the cluster; none where there is no PostgreSQL.
    pub fn start(&self) -> Option<Cluster> {
        Cluster::start(self)
    }

    /// The text of `postgresql.conf`. The last line of a name counts.
    pub(super) fn configuration(&self) -> String {
        let line = |(name, value): &(String, String)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        self.settings.iter().map(line).collect()
    }
}
