//! What tests make a server do before it takes the counter: wait, or take it too early. Not in a release
//! build.

use tokio_postgres::Client;

use super::error::Failure;
use super::sql::{self, Statements};
use crate::failpoint;

/// The statement that waits.
pub(super) fn pause() -> Option<String> {
    failpoint::pause_ms("before-counter").map(sql::sleep)
}

/// Takes the counter in a transaction of its own, whose lock ends before the items are committed: the
/// mistake that makes a pull miss what commits late. Returns the statement that is left for the
/// transaction of the items.
pub(super) async fn early_counter(
    client: &Client,
    statements: &Statements,
    steps: i64,
    batch: i64,
) -> Result<Option<String>, Failure> {
    if !failpoint::is_mutant("counter-without-lock") {
        return Ok(None);
    }
    let row = client.query_typed_one(&statements.count_alone(steps), &[]).await?;
    Ok(Some(statements.enter_commit(row.try_get(0)?, steps, batch)))
}
