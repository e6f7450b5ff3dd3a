//! The SQL condition that holds for the rows of one shard (contract 3.7). SQLite evaluates it on the key
//! alone, so that no other value of a row of another shard is read. Which shard is read is decided in
//! [`super::source`].

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::mutation::Shard;
use crate::offline::map::keys::Key;

/// The SQL function that says whether the values of a key make an id of the shard.
const IS_IN_SHARD: &str = "synctool_is_in_shard";

/// The condition, in a query with the alias `t`.
pub(super) fn of(key: &Key) -> String {
    format!("{IS_IN_SHARD}({})", key.select_list("t."))
}

/// Registers the function for the next queries of a connection that read the table with this key.
pub(super) fn register(connection: &Connection, key: &Key, shard: Shard) -> rusqlite::Result<()> {
    let key = key.clone();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    // -1: any number of columns.
    connection.create_scalar_function(IS_IN_SHARD, -1, flags, move |context| {
        // A key that makes no id is in every shard, so that each finds the error.
        Ok(key.id_of(|place| context.get_raw(place)).map_or(true, |id| shard.has(&id)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::{Database, RecordSource, Snapshot, SortedRecords};
    use crate::schema::Schema;

    /// The ids that a source gives, in order.
    fn ids(source: &RecordSource, snapshot: &Snapshot) -> Vec<String> {
        let mut ids = Vec::new();
        source
            .for_each(snapshot, |record| {
                record.write_fields(&mut bytes::BytesMut::new())?;
                ids.push(record.id.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(source.count(snapshot).unwrap(), ids.len() as u64);
        ids
    }

    /// The same through the external merge sort.
    fn sorted_ids(source: &RecordSource, snapshot: &Snapshot) -> Option<Vec<String>> {
        let mut ids = Vec::new();
        let sorted = SortedRecords::sort(source, snapshot, u64::MAX, u64::MAX).unwrap()?;
        sorted
            .for_each(source, snapshot, |record| {
                ids.push(record.id.to_owned());
                Ok(())
            })
            .unwrap();
        Some(ids)
    }

    #[test]
    fn each_shard_reads_the_records_with_its_ids_in_their_order() {
        let rows =
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
            INSERT INTO todos SELECT";
        let scattered = "printf('%08x', n * 2654435761 % 4294967296)";
        let text = "(id TEXT PRIMARY KEY, up TEXT, gone)";
        for (storage, up, sql, is_sorted) in [
            ("{}", "", format!("{text}; {rows} printf('%08x', n), NULL, 0 FROM numbers"), false),
            ("{}", "", format!("{text}; {rows} {scattered}, NULL, 0 FROM numbers"), true),
            (
                r#"{"deletedWhen": {"column": "gone", "values": [1]}}"#,
                "",
                format!("{text}; {rows} {scattered}, NULL, n % 3 FROM numbers"),
                true,
            ),
            (
                r#"{"idFormat": "t-{}"}"#,
                "",
                format!("(id INTEGER PRIMARY KEY, up, gone); {rows} n * 7, NULL, 0 FROM numbers"),
                true,
            ),
            (
                r#"{"id": ["id", "gone"]}"#,
                "",
                format!(
                    "(id BLOB, up, gone); {rows} CAST({scattered} AS BLOB), NULL, n || ':%' FROM numbers"
                ),
                true,
            ),
            // A resource that refers to itself.
            ("{}", "todos", format!("{text}; {rows} 'n' || n, 'n' || (n / 2), 0 FROM numbers"), false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            Connection::open(&path).unwrap().execute_batch(&format!("CREATE TABLE todos {sql}")).unwrap();
            let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
            let relation = r#"{"type": "many-one", "from": "todos", "to": "todos", "fkField": "up"}"#;
            let schema = format!(
                r#"{{"resources": [{{"name": "todos", "storage": {storage}, "fields": [
                    {{"name": "up", "type": "string"}}]}}], "relations": [{}]}}"#,
                if up.is_empty() { "" } else { relation }
            );
            let schema = Schema::parse(&schema).unwrap();
            let all =
                RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
            let expected = ids(&all, &snapshot);
            for index in 1..=3 {
                let shard = Shard::new(index, 3).unwrap();
                let own: Vec<_> = expected.iter().filter(|id| shard.has(id)).cloned().collect();
                assert!((400..900).contains(&own.len()), "{storage}: {}", own.len());
                let source = all.clone().in_shard(shard);
                assert_eq!(ids(&source, &snapshot), own, "{storage} {sql}");
                let sorted = sorted_ids(&source, &snapshot);
                assert_eq!(sorted, is_sorted.then_some(own), "{storage} {sql}");
            }
        }
    }

    #[test]
    fn a_check_of_one_shard_finds_a_record_of_another_that_cannot_be_uploaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let sql = "CREATE TABLE todos (id TEXT PRIMARY KEY, done); INSERT INTO todos VALUES ('a', 7)";
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let schema = r#"{"resources": [{"name": "todos", "fields": [{"name": "done", "type": "boolean"}]}]}"#;
        let schema = Schema::parse(schema).unwrap();
        let all = RecordSource::resolve(&snapshot, &schema, &schema.resources[0], &mut Vec::new()).unwrap();
        for index in 1..=5 {
            let source = all.clone().in_shard(Shard::new(index, 5).unwrap());
            assert!(source.check(&snapshot).is_err(), "{index}");
        }
    }
}
