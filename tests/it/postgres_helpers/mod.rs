//! The helpers for tests with PostgreSQL do what they say. Not the store on PostgreSQL.

mod bouncer;
mod cluster;
mod control;
mod disk;
mod network;
mod proxy;
mod standby;
mod tls;

use tokio_postgres::{Client, Error, NoTls};

use super::common::postgres::{Cluster, ClusterOptions};

/// In memory, because these tests end processes, not the machine.
fn options() -> ClusterOptions {
    Cluster::options().in_memory()
}

/// A connection to a URL.
async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // The client returns the error of the connection.
    tokio::spawn(connection);
    Ok(client)
}

/// The first value of the first row, as text. Without a prepared statement, which pgbouncer may
/// give to another client.
async fn text(client: &Client, query: &str) -> Result<String, Error> {
    for message in client.simple_query(query).await? {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
            return Ok(row.get(0).unwrap().to_owned());
        }
    }
    panic!("no row: {query}");
}
