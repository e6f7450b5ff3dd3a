//! Streaming copies of a cluster, which can take its place. Not a cluster alone (`cluster`).

use std::time::Duration;

use super::cluster::Cluster;
use super::daemon::run;
use super::options::{ClusterOptions, LOOPBACK, USER};

/// Whether the primary waits for a standby before it acknowledges a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    /// It waits until the standby has the commit on its disk.
    Synchronous,
    /// It does not wait: a failover can lose commits.
    Asynchronous,
}

/// The name that a standby has at its primary.
const NAME: &str = "standby";

impl Cluster {
    /// Copies this cluster and streams its changes to the copy, which answers reads. The copy has
    /// this cluster's configuration and password; `options` say where it runs.
    pub async fn standby(&self, options: &ClusterOptions, replication: Replication) -> Self {
        let mut standby = self.copy(options);
        standby.listen();
        let expected = match replication {
            Replication::Synchronous => {
                self.configure("synchronous_standby_names", NAME).await;
                "sync"
            }
            Replication::Asynchronous => "async",
        };
        self.until(&format!(
            "SELECT EXISTS (SELECT FROM pg_stat_replication
                WHERE application_name = '{NAME}' AND state = 'streaming' AND sync_state = '{expected}')"
        ))
        .await;
        standby
    }

    /// Copies the files. The primary is reached over its socket, or over the network that it is
    /// in, so that a partition cuts the stream as well.
    fn copy(&self, options: &ClusterOptions) -> Self {
        let mut standby = Self::empty(self.programs, options);
        standby.password.clone_from(&self.password);
        let mut backup = standby.daemon.command(self.programs.join("pg_basebackup"));
        let is_local = self.address == LOOPBACK;
        let source = if is_local { self.socket().as_os_str() } else { self.address.as_ref() };
        backup.arg("-h").arg(source).args(["-p", &self.port.to_string(), "-U", USER]);
        backup.args(["-d", &format!("application_name={NAME}")]);
        backup.args("-X stream -c fast --no-sync -R".split(' '));
        backup.envs(self.password.iter().map(|password| ("PGPASSWORD", password)));
        run(backup.arg("-D").arg(standby.daemon.folder().join("data")));
        standby
    }

    /// Ends the stream, so that this standby falls behind its primary.
    pub async fn stop_receiving(&self) {
        self.configure("primary_conninfo", "").await;
        self.until("SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)").await;
    }

    /// Makes this standby a primary, and waits until it accepts writes.
    pub async fn promote(&self) {
        let client = self.client().await;
        let promoted: bool = client.query_one("SELECT pg_promote()", &[]).await.unwrap().get(0);
        assert!(promoted, "no primary after a minute:\n{}", self.log());
    }

    /// The URL of this cluster and of its standby: a client takes the one that accepts writes.
    pub fn failover_url(&self, standby: &Self) -> String {
        let own = self.address().to_string();
        let both = format!("{own},{}", standby.address());
        format!("{}?target_session_attrs=read-write", self.database_url().replace(&own, &both))
    }

    /// Sets a configuration parameter while the server runs.
    pub async fn configure(&self, name: &str, value: &str) {
        let client = self.client().await;
        // One message would be one transaction, which ALTER SYSTEM cannot be in.
        client.batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    }

    /// Repeats a query until it returns true, for a minute at most.
    pub async fn until(&self, query: &str) {
        let client = self.client().await;
        let look = async {
            while !client.query_one(query, &[]).await.unwrap().get::<_, bool>(0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let minute = Duration::from_mins(1);
        assert!(tokio::time::timeout(minute, look).await.is_ok(), "{query}: false\n{}", self.log());
    }
}
