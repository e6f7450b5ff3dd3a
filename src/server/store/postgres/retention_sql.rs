//! The text of the statements that count and forget. Each is a transaction of its own, and takes the counter
//! last, as a group of pushes does. What holds for all statements is in [`super::sql`].

use super::config::SchemaName;
use super::layout::VERSION;

/// The statements.
pub(super) struct RetentionStatements {
    /// What the store holds: items with tombstones, mutations, horizon, tombstones, the batch of the first
    /// one after the horizon, and that of the first mutation.
    pub(super) sizes: String,
    /// Takes the next pass for this server, if one is due; the one after that is due so many seconds later.
    pub(super) take_pass: String,
    /// Forgets the deletes of batches before `$1` among the first `$2`, but the last of them. Answers with
    /// the removed ones, and those that were looked at.
    pub(super) forget_deletes: String,
    /// Whether there are mutations to be forgotten of batches before `$1`.
    pub(super) has_old_mutations: String,
    /// Forgets the mutations of batches before `$4` among the next `$3` after a key. Answers with the
    /// removed ones, those that were looked at, and the last key.
    pub(super) forget_mutations: String,
    /// Enters that all mutations of batches before `$1` are forgotten.
    pub(super) finish_mutations: String,
    /// Forgets the commits of batches before `$3` that are no place of an item any more, among the next
    /// `$2` after a step. Answers with the removed ones, those that were looked at, and the last step.
    pub(super) forget_commits: String,
    /// Store id.
    pub(super) store_id: String,
    /// Replaces the store id.
    pub(super) renew_store_id: String,
}

impl RetentionStatements {
    pub(super) fn new(schema: &SchemaName) -> Self {
        let table = |name: &str| format!("{}.{name}", schema.quoted());
        let (meta, counter, item) = (table("meta"), table("counter"), table("item"));
        let (commits, applied) = (table("commits"), table("applied"));
        Self {
            sizes: format!(
                "SELECT n.items, n.mutations, n.horizon,
                     (SELECT count(*) FROM {item} WHERE document IS NULL),
                     (SELECT i.batch FROM {item} i JOIN {commits} c ON c.batch = i.batch
                         WHERE i.document IS NULL AND c.first + i.step > n.horizon ORDER BY i.batch LIMIT 1),
                     (SELECT min(batch) FROM {commits} WHERE batch >= n.forgotten AND n.mutations > 0)
                 FROM {counter} n WHERE n.id = 1"
            ),
            take_pass: format!(
                "UPDATE {meta} SET next_pass = now() + $1 * interval '1 second'
                 WHERE id = 1 AND (next_pass IS NULL OR next_pass <= now()) RETURNING 1"
            ),
            forget_deletes: forget_deletes(&item, &commits, &counter),
            has_old_mutations: format!(
                "SELECT 1 FROM {counter} n JOIN {commits} c ON c.batch >= n.forgotten AND c.batch < $1
                 WHERE n.id = 1 LIMIT 1"
            ),
            forget_mutations: forget_mutations(&applied, &counter),
            finish_mutations: format!(
                "UPDATE {counter} SET forgotten = greatest(forgotten, $1) WHERE id = 1"
            ),
            forget_commits: format!(
                "WITH part AS (SELECT first, batch FROM {commits} WHERE first > $1 ORDER BY first LIMIT $2),
                     gone AS (DELETE FROM {commits} c USING part p WHERE c.batch = p.batch AND p.batch < $3
                         AND NOT EXISTS (SELECT 1 FROM {item} i WHERE i.batch = p.batch) RETURNING 1)
                 SELECT (SELECT count(*) FROM gone), count(*), max(first) FROM part"
            ),
            store_id: format!(
                "SELECT store_id::text FROM {meta} WHERE id = 1 AND version BETWEEN 1 AND {VERSION}"
            ),
            renew_store_id: format!("UPDATE {meta} SET store_id = $1::text::uuid WHERE id = 1"),
        }
    }
}

/// A tombstone that has been overwritten since it was found is not removed.
fn forget_deletes(item: &str, commits: &str, counter: &str) -> String {
    format!(
        "WITH old AS (SELECT i.name, i.id, i.target, i.batch, i.part, c.first + i.step AS place
                 FROM {item} i JOIN {commits} c ON c.batch = i.batch
                 WHERE i.document IS NULL AND i.batch < $1 ORDER BY i.batch LIMIT $2),
             kept AS (SELECT place, part FROM old ORDER BY place DESC, part DESC LIMIT 1),
             gone AS (DELETE FROM {item} i USING old o, kept k
                 WHERE i.name = o.name AND i.id = o.id AND i.target = o.target
                     AND i.document IS NULL AND i.batch = o.batch AND i.part = o.part
                     AND (o.place, o.part) < (k.place, k.part) RETURNING 1),
             n AS (SELECT count(*) AS removed FROM gone),
             s AS (UPDATE {counter} s SET items = s.items - n.removed, horizon = greatest(s.horizon, k.place)
                 FROM n, kept k WHERE s.id = 1 AND n.removed > 0 RETURNING 1)
         SELECT n.removed, (SELECT count(*) FROM old), (SELECT count(*) FROM s) FROM n"
    )
}

fn forget_mutations(applied: &str, counter: &str) -> String {
    format!(
        "WITH part AS (SELECT client, mutation, batch FROM {applied}
                 WHERE (client, mutation) > ($1, $2) ORDER BY client, mutation LIMIT $3),
             gone AS (DELETE FROM {applied} a USING part p
                 WHERE a.client = p.client AND a.mutation = p.mutation AND p.batch < $4 RETURNING 1),
             n AS (SELECT count(*) AS removed FROM gone),
             s AS (UPDATE {counter} s SET mutations = s.mutations - n.removed
                 FROM n WHERE s.id = 1 AND n.removed > 0 RETURNING 1)
         SELECT n.removed, (SELECT count(*) FROM part), l.client, l.mutation, (SELECT count(*) FROM s)
         FROM n LEFT JOIN (SELECT client, mutation FROM part ORDER BY client DESC, mutation DESC LIMIT 1) l
             ON true"
    )
}

/// Every statement, for tests of their text.
#[cfg(test)]
pub(super) fn all(schema: &SchemaName) -> Vec<String> {
    let statements = RetentionStatements::new(schema);
    let RetentionStatements { sizes, take_pass, forget_deletes, has_old_mutations, .. } = statements;
    let mut all = vec![sizes, take_pass, forget_deletes, has_old_mutations];
    all.extend([statements.forget_mutations, statements.finish_mutations, statements.forget_commits]);
    all.extend([statements.store_id, statements.renew_store_id]);
    all
}
