//! The insert loop of `insert_loop.rs` on PostgreSQL, and `pgbench` with the same rows. Not how the
//! server is started (`tests/it/common/postgres`).

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt as _, LocalBoxFuture, MaybeDone, maybe_done};
use tokio_postgres::{Client, Error};

use super::insert_loop::{Rows, mutation};
use super::postgres::Cluster;

const TABLES: &str = "DROP TABLE IF EXISTS record, change, applied; DROP SEQUENCE IF EXISTS step;
    CREATE SEQUENCE step;
    CREATE TABLE record (resource text NOT NULL, id text NOT NULL, document text NOT NULL,
        PRIMARY KEY (resource, id));
    CREATE TABLE change (sequence bigint, part smallint, name text NOT NULL, id text NOT NULL, target text,
        client bigint, PRIMARY KEY (sequence, part));
    CREATE TABLE applied (client bigint, mutation text, PRIMARY KEY (client, mutation))";

/// One mutation in a transaction, as `pgbench` sends it; it makes the ids up. A
/// colon would begin a variable.
const SCRIPT: &str = "BEGIN;
    INSERT INTO record VALUES ('todos', gen_random_uuid(), repeat('x', 400));
    INSERT INTO change VALUES (nextval('step'), 0, 'todos', 'an id of no record', NULL, 1);
    INSERT INTO applied VALUES (1, 'cloneup-rec-todos-' || gen_random_uuid());
    COMMIT;";

/// Inserts into new tables, `group` mutations in a transaction, over one connection. The
/// statements of a transaction are pipelined.
pub async fn run(cluster: &Cluster, rows: &Rows, group: usize) -> Duration {
    let client = cluster.client().await;
    client.batch_execute(TABLES).await.unwrap();
    let record = client.prepare("INSERT INTO record VALUES ('todos', $1, $2)").await.unwrap();
    let change = client.prepare("INSERT INTO change VALUES ($1, 0, 'todos', $2, NULL, 1)").await.unwrap();
    let applied = client.prepare("INSERT INTO applied VALUES (1, $1)").await.unwrap();
    let start = Instant::now();
    let mut sequence = 0_i64;
    for rows in rows.chunks(group) {
        let mut answers = Pipeline::new(rows.len() * 3 + 2);
        answers.send(execute(&client, "BEGIN")).await;
        for (index, (id, document)) in rows.iter().enumerate() {
            sequence += 1;
            let (record, change, applied, client) = (&record, &change, &applied, &client);
            answers.send(async move { client.execute(record, &[id, document]).await.map(drop) }).await;
            answers.send(async move { client.execute(change, &[&sequence, id]).await.map(drop) }).await;
            let mutation = mutation(id, index);
            answers.send(async move { client.execute(applied, &[&mutation]).await.map(drop) }).await;
        }
        answers.send(execute(&client, "COMMIT")).await;
        answers.wait().await;
    }
    start.elapsed()
}

async fn execute(client: &Client, statement: &str) -> Result<(), Error> {
    client.batch_execute(statement).await
}

/// Statements whose answers are waited for later, in order.
struct Pipeline<'a>(Vec<MaybeDone<LocalBoxFuture<'a, Result<(), Error>>>>);

impl<'a> Pipeline<'a> {
    fn new(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The first poll of a statement sends it.
    async fn send(&mut self, statement: impl Future<Output = Result<(), Error>> + 'a) {
        let mut statement = maybe_done(statement.boxed_local());
        poll_fn(|context| Poll::Ready(statement.poll_unpin(context))).await.is_ready();
        self.0.push(statement);
    }

    async fn wait(self) {
        for mut answer in self.0 {
            (&mut answer).await;
            Pin::new(&mut answer).take_output().unwrap().unwrap();
        }
    }
}

/// How many transactions of one mutation `pgbench` commits in a second, over so many connections.
pub async fn pgbench(cluster: &Cluster, connections: u8) -> f64 {
    cluster.client().await.batch_execute(TABLES).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.sql");
    std::fs::write(&script, SCRIPT).unwrap();
    let mut pgbench = cluster.program("pgbench");
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--time=5", "--client", &connections.to_string()]);
    let output = pgbench.arg("--file").arg(script).arg(cluster.database_url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")).unwrap();
    rate.split(' ').next().unwrap().parse().unwrap()
}
