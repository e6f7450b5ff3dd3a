//! How often requests were sent again, by what failed before.

use super::budget::NAME;
use super::report::{Block, Cell, Section, Table};
use super::words::highest_first;
use crate::numbers::grouped;
use crate::report::record::Totals;

/// Maximum number of causes; there are fewer.
const MAX_CAUSES: usize = 20;

/// The section about retries; `None` where there are none.
pub(super) fn section(totals: &Totals) -> Option<Section> {
    if totals.retries.is_empty() {
        return None;
    }
    let rows = highest_first(&totals.retries).into_iter().map(|(cause, count)| {
        vec![Cell::data(cause, NAME), Cell::words(meaning(cause)), Cell::words(grouped(count))]
    });
    let columns = [("After", false), ("Meaning", false), ("Retries", true)];
    let table = Table::new("Retries by what failed before", &columns).with_rows(MAX_CAUSES, rows);
    Some(Section::new("Retries", vec![Block::Table(table)]))
}

/// What failed; the names are those of `docs/events.schema.json`.
fn meaning(cause: &str) -> &'static str {
    match cause {
        "408" => "the server waited too long for the request",
        "425" => "the server asks to try again later",
        "429" => "the server asks for fewer requests",
        "500" => "the server failed",
        "502" => "a gateway got no valid answer",
        "503" => "the server is not available for now",
        "504" => "a gateway got no answer in time",
        "connect" => "no connection",
        "proxy" => "the proxy does not go on",
        "timeout" => "no answer in time",
        "connection" => "the connection was lost",
        "certificate" => "the certificate is not trusted",
        "tls" => "the TLS handshake failed",
        "notJson" => "the answer is not JSON",
        "neitherDialect" => "the answer does not follow the protocol",
        "answerTooLarge" => "the answer is too large",
        _ => "",
    }
}
