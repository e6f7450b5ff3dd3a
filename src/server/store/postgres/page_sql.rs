//! The text of the statements behind the page. What holds for all statements is in [`super::sql`].

use super::batch;
use super::config::SchemaName;

/// Commits that are looked at for the newest items. Each has at least one, unless it has moved on.
const COMMITS: u32 = 100;

/// The statements.
pub(super) struct PageStatements {
    /// The last step, and how many items of each name are not deleted.
    pub(super) live: String,
    /// The last `$1` items of the feed, the latest first, with the first `$2` characters of their documents.
    pub(super) newest: String,
    /// How many steps were taken in each second, in batches after `$1`.
    pub(super) throughput: String,
    /// Enters what the server `$1` has been doing.
    pub(super) report: String,
    /// What the other servers have reported in the last `$2` seconds, and how many milliseconds ago.
    pub(super) reports: String,
    /// Forgets what servers have reported that have not done so for a day.
    pub(super) forget_reports: String,
}

impl PageStatements {
    pub(super) fn new(schema: &SchemaName) -> Self {
        let table = |name: &str| format!("{}.{name}", schema.quoted());
        let (counter, item, commits) = (table("counter"), table("item"), table("commits"));
        let (live, activity, second) = (table("live"), table("activity"), batch::PER_SECOND);
        Self {
            live: format!(
                "SELECT n.seq, l.name, l.items FROM {counter} n LEFT JOIN {live} l ON true WHERE n.id = 1"
            ),
            newest: format!(
                "SELECT c.first + i.step, i.name, i.id, i.target, substr(i.document, 1, $2)
                 FROM (SELECT first, batch FROM {commits} ORDER BY first DESC LIMIT {COMMITS}) c
                 CROSS JOIN LATERAL (SELECT step, part, name, id, target, document FROM {item} i
                     WHERE i.batch = c.batch ORDER BY step DESC, part DESC LIMIT $1) i
                 ORDER BY c.first DESC, i.step DESC, i.part DESC LIMIT $1"
            ),
            throughput: format!(
                "SELECT batch / {second}, sum(seq - first)::bigint FROM {commits} WHERE batch > $1 GROUP BY 1"
            ),
            report: format!(
                "INSERT INTO {activity} (server, at, report) VALUES ($1::text::uuid, now(), $2)
                 ON CONFLICT (server) DO UPDATE SET at = excluded.at, report = excluded.report"
            ),
            reports: format!(
                "SELECT report, (extract(epoch FROM now() - at) * 1000)::bigint FROM {activity}
                 WHERE server <> $1::text::uuid AND at > now() - $2 * interval '1 second'"
            ),
            forget_reports: format!("DELETE FROM {activity} WHERE at < now() - interval '1 day'"),
        }
    }
}

/// Every statement, for tests of their text.
#[cfg(test)]
pub(super) fn all(schema: &SchemaName) -> Vec<String> {
    let PageStatements { live, newest, throughput, report, reports, forget_reports } =
        PageStatements::new(schema);
    vec![live, newest, throughput, report, reports, forget_reports]
}
