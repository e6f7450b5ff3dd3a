//! The text of the statements that read and write a store. Those that make one are in [`super::layout`].
//!
//! Every table has the schema's name before it, because a pooler such as pgbouncer gives a connection to
//! somebody else after each transaction, and so the session has no state. For the same reason there are
//! no prepared statements, cursors, advisory locks, temporary tables or notifications; clusters that
//! speak PostgreSQL's protocol lack them too.
//!
//! Keys come as arrays. They are hidden in sub-selects, so that the planner assumes a few rows: knowing
//! their number, it would read a whole table of a few hundred thousand rows instead of looking up
//! thousands of keys.

use super::config::SchemaName;

/// Begins a read of one state, whose statement runs as long as the reader takes.
pub(super) const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// Holds in a transaction of several statements and in no other. Should `BEGIN` be cancelled, the
/// statements that are sent along with it would each be a transaction of its own.
const IN_TRANSACTION: &str = "now() <> statement_timestamp()";

/// The statements of a store.
pub(super) struct Statements {
    /// What a group of pushes may look at, in one statement and so from one state. A row has a number: 0
    /// is the counter (as `batch`), -n the n-th mutation, which is applied, n the n-th item. Items that only
    /// one mutation looks at are left out if that is applied.
    pub(super) load: String,
    /// Locks items in the order of their keys, before they are loaded.
    pub(super) lock: String,
    /// Writes items over those of the version that was loaded.
    pub(super) update: String,
    /// Writes items that were not there.
    pub(super) insert: String,
    /// Enters mutations as applied.
    pub(super) remember: String,
    /// Changes the counts by name.
    pub(super) add_live: String,
    /// Asserts of items that they have a document, or that they have none.
    pub(super) check: String,
    /// Waits until everything that is committed is also on a synchronous standby.
    pub(super) fence: String,
    /// The last step.
    pub(super) sequence: String,
    /// The horizon of forgotten deletes.
    pub(super) horizon: String,
    /// Items of the feed, up to a number and a size, with the last step and the horizon.
    pub(super) changes: String,
    /// All items of a name, in the order of their keys.
    pub(super) items: String,
    /// The last step that changed an item of a name.
    pub(super) last_step: String,
    /// The items of some names that are not deleted, without and with their documents.
    pub(super) stored: [String; 2],
    /// The fields that documents may have.
    pub(super) fields: String,
    /// The names of the tables, for [`Self::take_counter`].
    commits: String,
    counter: String,
}

impl Statements {
    pub(super) fn new(schema: &SchemaName) -> Self {
        let table = |name: &str| format!("{}.{name}", schema.quoted());
        let (item, applied) = (table("item"), table("applied"));
        let (commits, counter, field) = (table("commits"), table("counter"), table("field"));
        let live = table("live");
        Self {
            load: load(&item, &applied, &counter),
            lock: format!(
                "SELECT count(*) FROM unnest((SELECT $1::bytea[]), (SELECT $2::bytea[]), (SELECT $3::bytea[]))
                     AS k (name, id, target)
                 CROSS JOIN LATERAL (SELECT 1 FROM {item} i
                     WHERE i.name = k.name AND i.id = k.id AND i.target = k.target LIMIT 1 FOR UPDATE) i"
            ),
            update: update(&item),
            insert: asserted(&format!(
                "INSERT INTO {item} (batch, name, id, target, step, part, client, document, digest)
                     SELECT $2, k.* FROM unnest($3::bytea[], $4::bytea[], $5::bytea[], $6::int[], $7::int[],
                         $8::bigint[], $9::text[], $10::bytea[]) AS k RETURNING 1"
            )),
            remember: asserted(&format!(
                "INSERT INTO {applied} (batch, client, mutation)
                 SELECT $2, k.* FROM unnest($3::bigint[], $4::bytea[]) AS k RETURNING 1"
            )),
            add_live: format!(
                "INSERT INTO {live} AS l (name, items) SELECT k.* FROM unnest($1::bytea[], $2::bigint[]) AS k
                 WHERE {IN_TRANSACTION} ON CONFLICT (name) DO UPDATE SET items = l.items + excluded.items"
            ),
            check: asserted(&format!(
                "SELECT 1 FROM unnest((SELECT $2::bytea[]), (SELECT $3::bytea[]), (SELECT $4::bytea[]),
                     (SELECT $5::bool[])) AS k (name, id, target, present)
                 LEFT JOIN LATERAL (SELECT i.document IS NOT NULL AS present FROM {item} i
                     WHERE i.name = k.name AND i.id = k.id AND i.target = k.target LIMIT 1) i ON true
                 WHERE coalesce(i.present, false) = k.present"
            )),
            fence: format!("UPDATE {counter} SET seq = seq WHERE id = 1"),
            sequence: format!("SELECT seq FROM {counter} WHERE id = 1"),
            horizon: format!("SELECT horizon FROM {counter} WHERE id = 1"),
            changes: changes(&item, &commits, &counter),
            items: format!("SELECT id, target, document FROM {item} WHERE name = $1 ORDER BY id, target"),
            last_step: format!(
                "SELECT coalesce(max(c.first + i.step), 0) FROM {item} i JOIN {commits} c ON c.batch = i.batch
                 WHERE i.name = $1"
            ),
            stored: ["''", "document"].map(|document| {
                format!(
                    "SELECT name, id, target, digest, {document}::text FROM {item}
                     WHERE name = ANY ($1) AND digest IS NOT NULL"
                )
            }),
            fields: format!("SELECT name, field FROM {field}"),
            commits,
            counter,
        }
    }

    /// Takes steps of the sequence for a batch, as many as it has mutations, and counts its new items.
    /// Answers with the last one.
    ///
    /// The row of the counter stays locked until the end of the transaction, so the commit is sent along
    /// with this statement: a server that stops in between would hold up all others.
    pub(super) fn take_counter(&self, steps: i64, items: usize, batch: i64) -> String {
        let (counter, commits) = (&self.counter, &self.commits);
        format!(
            "WITH s AS (UPDATE {counter} SET seq = seq + {steps}, items = items + {items},
                     mutations = mutations + {steps} WHERE id = 1 RETURNING seq),
                 c AS (INSERT INTO {commits} (batch, first, seq)
                     SELECT {batch}, s.seq - {steps}, s.seq FROM s RETURNING seq)
             SELECT max(seq) / (CASE WHEN count(*) = 1 AND {IN_TRANSACTION} THEN 1 ELSE 0 END) FROM c"
        )
    }
}

/// Waits.
#[cfg(debug_assertions)]
pub(super) fn sleep(milliseconds: u32) -> String {
    format!("SELECT pg_sleep({milliseconds} / 1000.0)")
}

#[cfg(debug_assertions)]
impl Statements {
    /// Takes steps of the sequence and nothing else.
    pub(super) fn count_alone(&self, steps: i64) -> String {
        format!("UPDATE {} SET seq = seq + {steps} WHERE id = 1 RETURNING seq", self.counter)
    }

    /// Enters a batch whose steps, up to `seq`, are taken.
    pub(super) fn enter_commit(&self, seq: i64, steps: i64, batch: i64) -> String {
        let (commits, first) = (&self.commits, seq - steps);
        format!("INSERT INTO {commits} (batch, first, seq) VALUES ({batch}, {first}, {seq}) RETURNING seq")
    }
}

/// Begins a transaction that writes. A lock that another server holds is waited for, but a server that
/// has stopped is disconnected by PostgreSQL, so that it does not keep its own locks.
pub(super) fn begin(idle_ms: u64) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 2000; \
         SET LOCAL statement_timeout = 20000; SET LOCAL idle_in_transaction_session_timeout = {idle_ms}"
    )
}

/// A statement that fails, and with it the transaction, unless `statement` returns `$1` rows in a
/// transaction of several statements.
fn asserted(statement: &str) -> String {
    format!(
        "WITH r AS ({statement})
         SELECT 1 / (CASE WHEN count(*) = $1 AND {IN_TRANSACTION} THEN 1 ELSE 0 END) FROM r"
    )
}

fn load(item: &str, applied: &str, counter: &str) -> String {
    // `NOT IN` is computed with a hash table, and a join of two small tables, as the planner takes them
    // for, row by row.
    format!(
        "WITH known AS MATERIALIZED (
             SELECT k.n::int AS n
             FROM unnest((SELECT $1::bigint[]), (SELECT $2::bytea[])) WITH ORDINALITY AS k (client, mutation, n)
             CROSS JOIN LATERAL (SELECT 1 FROM {applied} a
                 WHERE a.client = k.client AND a.mutation = k.mutation LIMIT 1) a),
         wanted AS MATERIALIZED (
             SELECT k.*
             FROM unnest((SELECT $3::bytea[]), (SELECT $4::bytea[]), (SELECT $5::bytea[]), (SELECT $6::bool[]),
                 (SELECT $7::int[])) WITH ORDINALITY AS k (name, id, target, reads, mutation, n)
             WHERE k.mutation NOT IN (SELECT n FROM known))
         SELECT 0 AS n, c.seq AS batch, NULL::bool AS present, NULL::text AS document
         FROM {counter} c WHERE c.id = 1
         UNION ALL
         SELECT -n, NULL, NULL, NULL FROM known
         UNION ALL
         SELECT k.n::int, i.batch, i.document IS NOT NULL, CASE WHEN k.reads THEN i.document END
         FROM wanted k CROSS JOIN LATERAL (SELECT i.batch, i.document FROM {item} i
             WHERE i.name = k.name AND i.id = k.id AND i.target = k.target LIMIT 1) i"
    )
}

/// Written as an insertion that always meets a conflict, because that goes through the rows in the order of
/// the arrays, and so of the keys: an `UPDATE` with a join locks them in any order, and two servers wait
/// for each other. The batch that is proposed is the one that was loaded.
fn update(item: &str) -> String {
    format!(
        "WITH r AS (
             INSERT INTO {item} AS i (batch, name, id, target, step, part, client, document, digest)
             SELECT k.* FROM unnest($11::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::int[], $7::int[],
                 $8::bigint[], $9::text[], $10::bytea[]) AS k
             ON CONFLICT (name, id, target) DO UPDATE SET batch = $2, step = excluded.step,
                 part = excluded.part, client = excluded.client, document = excluded.document,
                 digest = excluded.digest
             WHERE i.batch = excluded.batch RETURNING i.batch)
         SELECT 1 / (CASE WHEN count(CASE WHEN batch = $2 THEN 1 END) = $1 AND {IN_TRANSACTION}
             THEN 1 ELSE 0 END) FROM r"
    )
}

/// Items after the step `$1` and the part `$2` in it, up to the step `$3`, without those that the client
/// `$4` changed after the step `$5`; `$6` items and about `$7` bytes at most. The batch
/// that they begin in is the one after the step `$8`. There is always a row, for the last step and the horizon.
fn changes(item: &str, commits: &str, counter: &str) -> String {
    format!(
        "SELECT n.seq, f.first + f.step, f.part, f.name, f.id, f.target, f.document, n.horizon
         FROM {counter} n LEFT JOIN (
             SELECT * FROM (
                 SELECT c.first, i.*, sum(octet_length(i.document)) OVER (ORDER BY c.first, i.step, i.part
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes
                 FROM {commits} c CROSS JOIN LATERAL (
                     SELECT i.step, i.part, i.name, i.id, i.target, i.document FROM {item} i
                     WHERE i.batch = c.batch AND (i.step, i.part) > (least(greatest($1 - c.first, 0), 2147483647)::int, $2)
                         AND i.step <= least($3 - c.first, 2147483647)::int
                         AND NOT coalesce(i.client = $4 AND c.first + i.step > $5, false)
                     ORDER BY i.step, i.part LIMIT $6) i
                 WHERE c.first >= coalesce((SELECT max(first) FROM {commits} WHERE first <= $8), 0)
                     AND c.first < $3
             ) w WHERE coalesce(w.bytes, 0) < $7 ORDER BY w.first, w.step, w.part LIMIT $6
         ) f ON true
         WHERE n.id = 1 ORDER BY f.first, f.step, f.part"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{layout, page_sql, retention_sql};
    use super::*;

    /// Every statement that this store sends.
    fn all() -> Vec<String> {
        let schema = SchemaName::new("s").unwrap();
        let statements = Statements::new(&schema);
        let counter = statements.take_counter(1, 1, 2);
        let Statements { load, lock, update, insert, remember, add_live, check, fence, .. } = statements;
        let Statements { sequence, horizon, changes, items, last_step, stored, fields, .. } =
            Statements::new(&schema);
        let mut all = vec![load, lock, update, insert, remember, add_live, check, fence, counter, begin(1)];
        all.extend([sequence, changes, items, last_step, fields, BEGIN_SNAPSHOT.to_owned()]);
        all.push(horizon);
        all.extend(stored);
        all.extend(layout::all(&schema));
        all.extend(retention_sql::all(&schema));
        all.extend(page_sql::all(&schema));
        all
    }

    #[test]
    fn no_statement_has_what_a_pooler_or_a_cluster_lacks() {
        let lacking = [
            "advisory",
            "temp ",
            "temporary",
            "listen",
            "notify",
            "declare",
            "prepare",
            "cursor",
            "ctid",
            "xmin",
            "collate",
            "jsonb",
            "lock table",
            "nowait",
            "skip locked",
            "create extension",
            "trigger",
            "function",
            "savepoint",
            "set session",
            "search_path",
            "nextval",
            "serial",
            "pg_",
            "unlogged",
        ];
        // The first column that an UPDATE writes.
        let written = [
            "at",
            "seq",
            "batch",
            "migrator",
            "version",
            "items",
            "mutations",
            "forgotten",
            "next_pass",
            "store_id",
        ];
        for statement in all() {
            let text = statement.to_lowercase();
            for word in lacking {
                assert!(!text.contains(word), "{word}: {statement}");
            }
            // Only for the transaction: a session belongs to others afterwards.
            assert_eq!(
                text.matches("set ").count()
                    - written
                        .map(|column| text.matches(&format!(" set {column}")).count())
                        .iter()
                        .sum::<usize>(),
                text.matches("set local ").count(),
                "{statement}"
            );
        }
    }

    #[test]
    fn every_table_has_its_schema() {
        for statement in all() {
            for table in ["meta", "counter", "item", "commits", "applied", "field", "live", "activity"] {
                for before in ["FROM ", "JOIN ", "INTO ", "UPDATE ", "TABLE ", "EXISTS ", "ON "] {
                    let bare = format!("{before}{table} ");
                    assert!(!statement.contains(&bare), "{bare}: {statement}");
                }
            }
        }
    }
}
