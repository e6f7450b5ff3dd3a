//! Several `serve` processes on one schema of a PostgreSQL database. Not the database (`postgres`).

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::ServeProcess;
use super::postgres::unique_schema;

/// The processes; they are killed on drop.
pub struct StoreServers {
    folder: TempDir,
    arguments: Vec<String>,
    schema: String,
    pub servers: Vec<ServeProcess>,
}

impl StoreServers {
    /// A new schema in the database of a URL, without a server yet.
    pub fn new(url: &str) -> Self {
        let schema = unique_schema();
        let arguments = ["--database-url", url, "--database-schema", &schema].map(str::to_owned).to_vec();
        Self { folder: tempfile::tempdir().unwrap(), arguments, schema, servers: Vec::new() }
    }

    /// Starts so many servers.
    pub async fn start(url: &str, count: usize) -> Self {
        let mut servers = Self::new(url);
        for _ in 0..count {
            servers.add(&[]).await;
        }
        servers
    }

    /// Starts so many servers at once, on a schema that does not exist.
    pub async fn start_at_once(url: &str, count: usize) -> Self {
        let mut servers = Self::new(url);
        let folders: Vec<_> = (0..count).map(|number| servers.folder(number)).collect();
        let starting = folders
            .iter()
            .map(|folder| ServeProcess::start_in(folder, &servers.arguments, &[], |command| command));
        servers.servers = futures_util::future::join_all(starting).await;
        servers
    }

    /// Starts one more, with more environment variables.
    pub async fn add(&mut self, environment: &[(&str, &str)]) {
        self.add_in(environment, |command| command).await;
    }

    /// Starts one more, which reaches the database with another URL.
    pub async fn add_through(&mut self, url: &str) {
        let own = std::mem::replace(&mut self.arguments[1], url.to_owned());
        self.add(&[]).await;
        self.arguments[1] = own;
    }

    /// Starts one more, where `place` puts its command.
    pub async fn add_in(&mut self, environment: &[(&str, &str)], place: impl FnOnce(Command) -> Command) {
        let folder = self.folder(self.servers.len());
        let server = ServeProcess::start_in(&folder, &self.arguments, environment, place).await;
        self.servers.push(server);
    }

    /// Makes the folder that a server runs in.
    fn folder(&self, number: usize) -> PathBuf {
        let folder = self.folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        folder
    }

    /// The name of the schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The URLs of the servers.
    pub fn bases(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.base().to_owned()).collect()
    }
}
