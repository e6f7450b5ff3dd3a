//! Makes connections to the database, and ends them with their value. What is sent over them is in
//! [`super::sql`].

use std::ops::Deref;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, NoTls};

use super::config::PostgresConfig;
use super::error::{Failure, PostgresError};
use super::tls::Tls;

/// The limit for making a connection, all hosts together, with TLS and authentication.
const CONNECT: Duration = Duration::from_secs(3);

/// How long the network may keep quiet about what was sent to it, after which a connection is lost
/// (`TCP_USER_TIMEOUT`, RFC 5482).
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);

/// How long a connection is idle before it is probed, so that routers on the way do not forget it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);

/// The pause between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);

/// Probes that may be lost.
const KEEPALIVE_RETRIES: u32 = 3;

/// Makes connections.
pub(super) struct Connector {
    driver: Config,
    tls: Tls,
}

impl Connector {
    /// Prepares connections; makes none.
    ///
    /// # Errors
    /// [`PostgresError`] when a certificate to trust cannot be read.
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, PostgresError> {
        let (mut driver, tls) = (config.url.driver.clone(), Tls::new(config)?);
        let hosts = driver.get_hosts().len().max(driver.get_hostaddrs().len()).max(1);
        let hosts = u32::try_from(hosts).unwrap_or(u32::MAX);
        let connect = driver.get_connect_timeout().copied().unwrap_or(CONNECT);
        let unacknowledged = driver.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED);
        driver
            .ssl_mode(tls.mode)
            // Of several hosts, or of the two sides of a failover, the one that takes writes.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(connect.min(CONNECT / hosts))
            .tcp_user_timeout(unacknowledged)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
        if driver.get_application_name().is_none() {
            driver.application_name("synctool");
        }
        Ok(Self { driver, tls })
    }

    /// Connects to the host that takes writes.
    ///
    /// # Errors
    /// [`Failure`] when there is none, or it refuses.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let connecting = async {
            match &self.tls.connector {
                Some(tls) if self.tls.mode != SslMode::Disable => {
                    let (client, connection) = Box::pin(self.driver.connect(tls.clone())).await?;
                    Ok(Connection { client, task: tokio::spawn(log_end(connection)) })
                }
                _ => {
                    let (client, connection) = Box::pin(self.driver.connect(NoTls)).await?;
                    Ok(Connection { client, task: tokio::spawn(log_end(connection)) })
                }
            }
        };
        timeout(CONNECT, connecting).await.unwrap_or(Err(Failure::TimedOut))
    }
}

/// Runs a connection to its end.
async fn log_end(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(error = %Failure::from(error), "a connection to PostgreSQL has ended");
    }
}

/// A connection. Dropping it closes the socket at once, so that PostgreSQL rolls back what was not
/// committed.
pub(super) struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
