//! The threads of the encoding side, and the bounded channels between them. What each thread does is in
//! [`super::reader`] and [`super::encoder`].

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::mpsc;

use super::assembler::Assembler;
use super::batch::Position;
use super::batcher::Batcher;
use super::compression::RequestEncoding;
use super::encoded_rows::InvalidRow;
use super::encoder::{Encoder, ReadEvents, Shared};
use super::in_turn::InTurn;
use super::limits::BatchLimits;
use super::part_encoder::Parts;
use super::reader::{Reader, RowSource};
use super::send_item::SendItem;
use crate::cloneup::plan::{Plan, Source};
use crate::offline::OfflineError;

/// The capacity of the channels between reader and encoding threads, in chunks: enough that a short delay
/// of one thread does not stop the other.
const CHUNKS_AHEAD: usize = 4;

/// The most encoding threads: more of them encode faster than one thread reads.
const MAX_ENCODING_THREADS: usize = 4;

/// The number of rows for which another encoding thread pays off.
const ROWS_PER_THREAD: u64 = 20_000;

/// How batches are made.
pub(crate) struct BatchSettings {
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) encoding: Arc<RequestEncoding>,
    /// The end of the prefix that the server has acknowledged in an earlier run.
    pub(crate) skip_to: Option<Position>,
    /// The number of encoding threads.
    pub(crate) threads: usize,
}

/// Reads on one thread and encodes on others, until all rows are encoded or the receiver of the items is
/// dropped. Blocks.
pub(crate) fn read_and_encode(
    rows: &RowSource<'_>,
    settings: BatchSettings,
    items: &mpsc::Sender<Result<SendItem, OfflineError>>,
) {
    let BatchSettings { limits, encoding, skip_to, threads } = settings;
    let (sender, events) = sync_channel(CHUNKS_AHEAD);
    // Room for every chunk: those in the channel, of the encoding threads, and of the reader.
    let (returned, recycled) = sync_channel(CHUNKS_AHEAD + threads + 1);
    let batcher = Batcher::new(limits, skip_to.map(|position| position.mutations));
    let parts = Parts { plan: rows.plan, options: rows.options, client_id: rows.client_id };
    let shared = Shared {
        parts,
        events: Mutex::new(ReadEvents::new(events)),
        assembler: InTurn::new(Assembler::new(parts, batcher, skip_to)),
        items: InTurn::new(items.clone()),
        encoding,
    };
    let invalid = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let encoder = Encoder::new(&shared, returned.clone());
                scope.spawn(|| encoder.run())
            })
            .collect();
        Reader { rows, events: sender, recycled }.run();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.flatten().next()
    });
    if let Some(row) = invalid {
        // Fails only when the upload loop has ended.
        let _ = items.blocking_send(Err(data_error(rows, row)));
    }
}

/// The number of encoding threads for a plan: reading and sending have processors too.
pub(crate) fn encoding_threads(plan: &Plan) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let rows: u64 = plan.parts.iter().map(|part| part.rows).sum();
    let useful = usize::try_from(rows / ROWS_PER_THREAD).unwrap_or(MAX_ENCODING_THREADS);
    (processors / 2).min(useful).clamp(1, MAX_ENCODING_THREADS)
}

/// Why a row cannot be uploaded.
fn data_error(rows: &RowSource<'_>, row: InvalidRow) -> OfflineError {
    match &rows.plan.parts[row.part].source {
        Source::Records(source) => source.data_error(rows.snapshot, row.index),
        Source::JoinRows(source) => source.data_error(rows.snapshot, row.index),
        Source::Deletes | Source::Extra => OfflineError::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use rusqlite::Connection;

    use super::*;
    use crate::cloneup::Options;
    use crate::cloneup::encode::batch::Batch;
    use crate::cloneup::plan::{Keeper, Part, Requested};
    use crate::offline::{Database, Snapshot};
    use crate::protocol::ServerLimits;
    use crate::schema::Schema;

    const SCHEMA: &str = r#"{"resources": [
        {"name": "tags", "version": 1, "fields": [{"name": "name", "type": "string"}]},
        {"name": "todos", "version": 1, "fields": [
            {"name": "title", "type": "string"}, {"name": "meta", "type": "json"}]}],
        "relations": [{"from": "todos", "to": "tags", "type": "many-many", "relation": "tags"}]}"#;

    /// Calls `check` with the rows of a database: several chunks of todos, and what `sql` changes.
    fn with_rows(sql: &str, check: impl Fn(&RowSource<'_>)) {
        with_plan(sql, |_| Keeper::none(), check);
    }

    /// The same, with a plan whose check keeps what it sorts.
    fn with_plan(sql: &str, keeper: impl Fn(&Options) -> Keeper, check: impl Fn(&RowSource<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let tables = "
            CREATE TABLE tags (id TEXT PRIMARY KEY, name TEXT);
            CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, meta TEXT);
            CREATE TABLE join_todos_tags_tags (\"from\" TEXT, \"to\" TEXT);
            INSERT INTO tags VALUES ('a', 'Zürich'), ('b', NULL);
            WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4999)
            INSERT INTO todos SELECT printf('t%04d', n), hex(zeroblob(n % 300)), '{\"b\":1.50, \"a\":[' || n || ']}'
                FROM numbers;
            INSERT INTO join_todos_tags_tags SELECT id, 'a' FROM todos;
            INSERT INTO join_todos_tags_tags SELECT id, 'a' FROM todos WHERE id < 't0100';";
        Connection::open(&path).unwrap().execute_batch(&format!("{tables}{sql}")).unwrap();
        let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
        let (schema, options) = (Schema::parse(SCHEMA).unwrap(), Options::default());
        let requested = Requested::new(&options, &schema).unwrap();
        let plan = Plan::new(&options, &schema, requested, &snapshot, keeper(&options), &|_| ()).unwrap();
        let (plan, options, schema, snapshot) = (&plan, &options, &schema, &snapshot);
        let (client_id, max_row_bytes) = ("C", u64::MAX);
        check(&RowSource { plan, options, schema, client_id, snapshot, max_row_bytes, live: None });
    }

    fn settings(options: &Options, threads: usize) -> BatchSettings {
        let limits = Arc::new(BatchLimits::new(options, &ServerLimits::default(), None));
        BatchSettings { limits, encoding: Arc::new(RequestEncoding::new(None)), skip_to: None, threads }
    }

    /// The bodies that are made, the parts before them, and the error at the end.
    fn made(rows: &RowSource<'_>, threads: usize) -> (Vec<String>, Option<String>) {
        let (sender, mut items) = mpsc::channel(2);
        let (mut made, mut error) = (Vec::new(), None);
        thread::scope(|scope| {
            let taking = scope.spawn(|| {
                while let Some(item) = items.blocking_recv() {
                    match item {
                        Ok(SendItem::Part(part)) => made.push(format!("part {part}")),
                        Ok(SendItem::Batch(Batch { body, position, .. })) => {
                            made.push(format!("{position:?} {}", String::from_utf8_lossy(&body)));
                        }
                        Ok(other) => made.push(format!("{other:?}")),
                        Err(OfflineError::Data { path, location, .. }) => {
                            error = Some(format!("{path}: {}", location.unwrap()));
                        }
                        Err(other) => error = Some(other.to_string()),
                    }
                }
            });
            read_and_encode(rows, settings(rows.options, threads), &sender);
            drop(sender);
            taking.join().unwrap();
        });
        (made, error)
    }

    #[test]
    fn any_number_of_threads_makes_the_same_batches_in_the_same_order() {
        with_rows("", |rows| {
            let (one, error) = made(rows, 1);
            assert_eq!((one.len(), error), (1 + 1 + 1 + 50 + 1 + 50, None));
            for threads in [2, 4] {
                assert!(made(rows, threads).0 == one, "{threads} threads");
            }
        });
    }

    /// What the check keeps of records with such ids makes the same batches as reading them.
    fn kept_records_make_the_same_batches(id: &str, is_in_order: bool) {
        let sql = &format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 49999)
             INSERT INTO todos SELECT {id}, 'Zürich', '{{\"b\":' || n || '}}' FROM numbers;
             UPDATE todos SET title = hex(zeroblob(5000)) WHERE id = (SELECT min(id) FROM todos);"
        );
        let kept = |rows: &RowSource<'_>| {
            let kept = rows.plan.parts[1].kept.take(u64::MAX)?;
            Some((kept.records(), kept.in_order(u64::MAX).is_some()))
        };
        with_rows(sql, |rows| {
            let expected = made(rows, 1);
            assert_eq!((expected.0.len(), &expected.1), (1 + 1 + 1 + 550 + 1 + 50, &None));
            with_plan(sql, Keeper::of, |rows| {
                assert!(made(rows, 2) == expected);
                assert_eq!(kept(rows), None, "they are taken once");
                assert!(made(rows, 1) == expected, "they are read again");
            });
            with_plan(sql, Keeper::of, |rows| assert_eq!(kept(rows), Some((55_000, is_in_order))));
            // The server takes no row of that size.
            let limited = |keeper: fn(&Options) -> Keeper| {
                with_plan(sql, keeper, |rows| {
                    let rows = RowSource { max_row_bytes: 9000, ..*rows };
                    let (made, error) = made(&rows, 1);
                    let oversized: Vec<_> = made.iter().filter(|item| item.contains("Oversized")).collect();
                    assert_eq!((made.len(), oversized.len(), error), (expected.0.len() + 1, 1, None));
                    assert!(oversized[0].contains("records[0]"), "{oversized:?}");
                });
            };
            limited(|_| Keeper::none());
            limited(Keeper::of);
        });
        // Rows of any size are read one at a time.
        let large = format!("{sql} UPDATE todos SET title = hex(zeroblob(600000)) WHERE id = 't0000'");
        with_plan(&large, Keeper::of, |rows| assert_eq!(kept(rows), None));
    }

    #[test]
    fn records_that_the_check_has_sorted_make_the_same_batches() {
        kept_records_make_the_same_batches("printf('%08x', n * 2654435761 % 4294967296)", false);
    }

    #[test]
    fn records_that_the_check_has_copied_in_order_make_the_same_batches() {
        kept_records_make_the_same_batches("printf('u%08x', n)", true);
    }

    #[test]
    fn a_row_that_cannot_be_uploaded_ends_the_batches_where_it_is() {
        let sql = "UPDATE todos SET title = CAST(x'ff' AS TEXT) WHERE id IN ('t3000', 't3001')";
        with_rows(sql, |rows| {
            let expected = "records[3000].title: table \"todos\", id \"t3000\", rowid 3001";
            for threads in [1, 2, 4] {
                let (batches, error) = made(rows, threads);
                assert_eq!(error.as_deref(), Some(expected));
                // The chunk with the row is not sent, those before it are.
                assert!((20..=33).contains(&batches.len()), "{}", batches.len());
            }
        });
    }

    #[test]
    fn all_threads_end_when_the_receiver_is_dropped() {
        with_rows("", |rows| {
            for threads in [1, 2, 4] {
                let (sender, mut items) = mpsc::channel(1);
                thread::scope(|scope| {
                    scope.spawn(move || {
                        // Takes a few items, and drops the receiver.
                        (0..5).for_each(|_| drop(items.blocking_recv()));
                    });
                    read_and_encode(rows, settings(rows.options, threads), &sender);
                });
                assert!(sender.is_closed());
            }
        });
    }

    #[test]
    fn a_small_plan_has_one_thread_and_a_large_one_has_no_more_than_four() {
        let plan = |rows| {
            let part = Part::new(Source::Deletes, rows);
            encoding_threads(&Plan { parts: vec![part], ..Plan::empty() })
        };
        assert_eq!(plan(0), 1);
        assert_eq!(plan(ROWS_PER_THREAD), 1);
        let half = thread::available_parallelism().map_or(1, NonZeroUsize::get) / 2;
        assert_eq!(plan(u64::MAX), half.clamp(1, 4));
    }
}
