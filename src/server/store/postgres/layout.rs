//! The tables of the store, and the statements that make them. When they are run is decided in
//! [`super::open`].

use super::config::SchemaName;

/// The version of the tables: raised whenever they change in a way that older servers do not know.
pub(super) const VERSION: i32 = 2;

/// The statements that make a store and say how far that is. Each may run again, and next to itself in
/// another server.
pub(super) struct LayoutStatements {
    /// The tables in the schema.
    pub(super) tables: String,
    /// Whether the schema exists.
    pub(super) schema: String,
    pub(super) create_schema: String,
    /// Makes `meta`, without which nothing else is made.
    pub(super) create_meta: String,
    /// Enters the store id, unless there is one.
    pub(super) enter: String,
    /// Version and store id.
    pub(super) read: String,
    /// Takes the lease under which one server makes the tables.
    pub(super) take_lease: String,
    /// Makes the other tables.
    pub(super) create: [String; 11],
    /// Whether the counts of `live` add up to the number of items that are not deleted.
    pub(super) is_counted: String,
    /// Counts all items, while no transaction of pushes commits.
    pub(super) count: String,
    /// Enters fields that documents may have from now on.
    pub(super) add_fields: String,
    /// Enters that the tables are made, and gives the lease back.
    pub(super) finish: String,
}

impl LayoutStatements {
    pub(super) fn new(schema: &SchemaName) -> Self {
        let (quoted, table) = (schema.quoted(), |name: &str| format!("{}.{name}", schema.quoted()));
        let (meta, counter) = (table("meta"), table("counter"));
        let (item, commits, applied) = (table("item"), table("commits"), table("applied"));
        let (field, live, activity) = (table("field"), table("live"), table("activity"));
        Self {
            tables: "SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1"
                .to_owned(),
            schema: "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1".to_owned(),
            create_schema: format!("CREATE SCHEMA IF NOT EXISTS {quoted}"),
            create_meta: format!(
                "CREATE TABLE IF NOT EXISTS {meta} (id smallint PRIMARY KEY, version int NOT NULL,
                     store_id uuid NOT NULL, migrator uuid, until timestamptz, next_pass timestamptz)"
            ),
            enter: format!(
                "INSERT INTO {meta} (id, version, store_id) VALUES (1, 0, $1::text::uuid)
                 ON CONFLICT (id) DO NOTHING"
            ),
            read: format!("SELECT version, store_id::text FROM {meta} WHERE id = 1"),
            take_lease: format!(
                "UPDATE {meta} SET migrator = $1::text::uuid, until = now() + interval '30 seconds'
                 WHERE id = 1 AND version < {VERSION} AND (migrator IS NULL OR until < now())"
            ),
            create: [
                // `seq` is the last step of the sequence, `items` and `mutations` count the rows of `item` and
                // `applied`. Deletes before the step `horizon` may have been forgotten, and all mutations of
                // batches before `forgotten`.
                format!(
                    "CREATE TABLE IF NOT EXISTS {counter} (id smallint PRIMARY KEY, seq bigint NOT NULL,
                         items bigint NOT NULL, mutations bigint NOT NULL, horizon bigint NOT NULL,
                         forgotten bigint NOT NULL)"
                ),
                format!(
                    "INSERT INTO {counter} (id, seq, items, mutations, horizon, forgotten)
                     VALUES (1, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING"
                ),
                // `target` is empty for a record. Batch, step and part are the place in the feed and the
                // version. `client` is set where the state is just what that client has sent. An item
                // without a document is deleted.
                format!(
                    "CREATE TABLE IF NOT EXISTS {item} (name bytea, id bytea, target bytea,
                         batch bigint NOT NULL, step int NOT NULL, part int NOT NULL, client bigint,
                         document text, digest bytea, PRIMARY KEY (name, id, target))"
                ),
                format!("CREATE INDEX IF NOT EXISTS item_feed ON {item} (batch, step, part)"),
                format!("CREATE INDEX IF NOT EXISTS item_deleted ON {item} (batch) WHERE document IS NULL"),
                // The fields that documents may have: those that any server has accepted.
                format!(
                    "CREATE TABLE IF NOT EXISTS {field} (name bytea, field bytea, PRIMARY KEY (name, field))"
                ),
                // A batch is the steps from `first` + 1 to `seq`.
                format!(
                    "CREATE TABLE IF NOT EXISTS {commits} (batch bigint PRIMARY KEY, first bigint NOT NULL,
                         seq bigint NOT NULL)"
                ),
                // Ascending where the default is to hash.
                format!("CREATE UNIQUE INDEX IF NOT EXISTS commits_first ON {commits} (first ASC)"),
                format!(
                    "CREATE TABLE IF NOT EXISTS {applied} (client bigint, mutation bytea,
                         batch bigint NOT NULL, PRIMARY KEY (client, mutation))"
                ),
                // How many items of a name are not deleted.
                format!("CREATE TABLE IF NOT EXISTS {live} (name bytea PRIMARY KEY, items bigint NOT NULL)"),
                // What each server has been doing lately, for the pages of the others.
                format!(
                    "CREATE TABLE IF NOT EXISTS {activity} (server uuid PRIMARY KEY, at timestamptz NOT NULL,
                         report text NOT NULL)"
                ),
            ],
            is_counted: format!(
                "SELECT n.items - (SELECT count(*) FROM {item} WHERE document IS NULL)
                     = (SELECT coalesce(sum(items), 0) FROM {live}) FROM {counter} n WHERE n.id = 1"
            ),
            count: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;
                 UPDATE {counter} SET seq = seq WHERE id = 1; DELETE FROM {live};
                 INSERT INTO {live} (name, items)
                     SELECT name, count(*) FROM {item} WHERE document IS NOT NULL GROUP BY name;
                 COMMIT"
            ),
            add_fields: format!(
                "INSERT INTO {field} (name, field) SELECT k.* FROM unnest($1::bytea[], $2::bytea[]) AS k
                 ON CONFLICT (name, field) DO NOTHING"
            ),
            finish: format!(
                "UPDATE {meta} SET version = {VERSION}, migrator = NULL, until = NULL
                 WHERE id = 1 AND migrator = $1::text::uuid"
            ),
        }
    }
}

/// Every statement, for tests of their text.
#[cfg(test)]
pub(super) fn all(schema: &SchemaName) -> Vec<String> {
    let layout = LayoutStatements::new(schema);
    let LayoutStatements { tables, schema, create_schema, create_meta, enter, read, .. } = layout;
    let mut all = vec![tables, schema, create_schema, create_meta, enter, read];
    all.extend([layout.take_lease, layout.add_fields, layout.finish, layout.is_counted, layout.count]);
    all.extend(layout.create);
    all
}
