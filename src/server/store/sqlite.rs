//! The store in one SQLite file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Statement, ToSql, params};

use super::super::text::Text;
use super::durable::{self, LogSyncer};
use super::lock::Lock;
use super::{
    Change, Changes, Document, Own, PageLimit, Reader, Result, Store, StoreError, StoredChange, Subject,
    Work, Writer,
};

/// Marks a file as a store of this server ("syTo"), so that no other file is taken for one.
const APPLICATION_ID: i32 = 0x7379_546f;

/// Raised with every change of [`LAYOUT`] that older files need.
const FORMAT: i32 = 3;

/// Records and join rows as they are, what happened to them, and which mutations did it.
const LAYOUT: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE record (resource TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (resource, id));
CREATE TABLE join_row (store TEXT, source TEXT, target TEXT, document TEXT NOT NULL,
    PRIMARY KEY (store, source, target)) WITHOUT ROWID;
-- A mutation is one step of the sequence, and may change several things, parts 0, 1, …, or
-- none. What became of a thing is where it is kept.
-- The client is named where it knows the outcome already, for it is just what it has sent.
CREATE TABLE change (sequence INTEGER, part INTEGER, name TEXT NOT NULL, id TEXT NOT NULL,
    target TEXT, client INTEGER, PRIMARY KEY (sequence, part)) WITHOUT ROWID;
CREATE TABLE client (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE applied (client INTEGER, mutation TEXT, PRIMARY KEY (client, mutation)) WITHOUT ROWID;
";

/// How long a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of the store a connection keeps in memory.
const CACHE_KIB: i64 = 16 * 1024;

/// After how many pages (of 4 KiB) the writer brings the log into the store itself, and begins
/// it anew: much of it is there already by then.
const MAX_LOG_PAGES: i64 = 32 * 1024;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// A store in one SQLite file.
pub(in crate::server) struct SqliteStore {
    path: PathBuf,
    id: String,
    /// The last step of the sequence that a power cut would leave.
    durable: Arc<AtomicU64>,
    /// Held as long as there is somebody who might write.
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    pub(in crate::server) fn open(path: &Path) -> Result<Self> {
        // Another program's file is only looked at: the pragmas of `connect` would change it.
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let pragma = |name| transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (pragma("application_id")?, pragma("user_version")?) {
            (0, 0) if tables == 0 => {
                transaction.execute_batch(LAYOUT)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", FORMAT)?;
                transaction.execute(
                    "INSERT INTO meta (key, value) VALUES ('storeId', ?1), ('sequence', 0)",
                    [uuid::Uuid::new_v4().to_string()],
                )?;
            }
            (APPLICATION_ID, FORMAT) => {}
            (APPLICATION_ID, other) => {
                return Err(StoreError::new(format!("its format {other} is not that of this version")));
            }
            _ => return Err(StoreError::new("it is another program's database; name a new file")),
        }
        let id =
            transaction.query_row("SELECT value FROM meta WHERE key = 'storeId'", [], |row| row.get(0))?;
        let sequence = last_sequence(&transaction)?;
        transaction.commit()?;
        // Only now: nothing is to be left beside another program's file.
        let lock = Lock::take(path)?;
        Ok(Self { path: path.to_owned(), id, durable: Arc::new(sequence.into()), _lock: lock })
    }
}

impl Store for SqliteStore {
    fn id(&self) -> &str {
        &self.id
    }

    fn write(&self, work: &mut Work<'_>) -> Result<()> {
        let connection = connect(&self.path)?;
        let mut writer = SqliteWriter::new(&connection)?;
        let (checkpoints, asked) = std::sync::mpsc::sync_channel(1);
        let syncer = LogSyncer::open(&self.path, Arc::clone(&self.durable), checkpoints)?;
        let beside = connect(&self.path)?;
        std::thread::scope(|scope| {
            // It ends with the syncer, which asks it.
            scope.spawn(move || durable::checkpoint(&beside, &asked));
            work(&mut writer, Box::new(syncer));
        });
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        let connection = connect(&self.path)?;
        let durable = self.durable.load(Ordering::Acquire);
        // One state, from the first read on.
        connection.execute_batch("BEGIN")?;
        Ok(Box::new(SqliteReader { connection, durable }))
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // The log is forced to the disk beside the writer, before anything is acknowledged.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // The inner pages of all tables stay in memory.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", MAX_LOG_PAGES)?;
    Ok(connection)
}

fn last_sequence(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT value FROM meta WHERE key = 'sequence'", [], |row| row.get(0))
}

struct SqliteWriter<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    sequence: u64,
    /// The sequence to go back to when a transaction fails.
    committed: u64,
    /// The client that was asked about last, for pushes are many mutations of one: its id and
    /// its number.
    client: Option<(String, i64)>,
}

/// What is asked for every mutation, prepared once.
struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    keep_sequence: Statement<'c>,
    remember: Statement<'c>,
    step: Statement<'c>,
    insert_record: Statement<'c>,
    insert_join_row: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            keep_sequence: prepare("UPDATE meta SET value = ?1 WHERE key = 'sequence'")?,
            remember: prepare("INSERT OR IGNORE INTO applied (client, mutation) VALUES (?1, ?2)")?,
            step: prepare(
                "INSERT INTO change (sequence, part, name, id, target, client) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            insert_record: prepare(
                "INSERT OR IGNORE INTO record (resource, id, document) VALUES (?1, ?2, ?3)",
            )?,
            insert_join_row: prepare(
                "INSERT OR IGNORE INTO join_row (store, source, target, document) VALUES (?1, ?2, ?3, ?4)",
            )?,
        })
    }
}

impl<'c> SqliteWriter<'c> {
    fn new(connection: &'c Connection) -> Result<Self> {
        let sequence = last_sequence(connection)?;
        let statements = Statements::prepare(connection)?;
        Ok(Self { connection, statements, sequence, committed: sequence, client: None })
    }

    /// The number of a client, made for one that is new.
    fn client(&mut self, id: &str) -> Result<i64> {
        if let Some((known, number)) = &self.client
            && known == id
        {
            return Ok(*number);
        }
        self.execute("INSERT OR IGNORE INTO client (id) VALUES (?1)", [id])?;
        let mut statement = self.connection.prepare_cached("SELECT number FROM client WHERE id = ?1")?;
        let number = statement.query_row([id], |row| row.get(0))?;
        drop(statement);
        self.client = Some((id.to_owned(), number));
        Ok(number)
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

impl ToSql for Text {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_bytes())))
    }
}

impl Writer for SqliteWriter<'_> {
    fn begin(&mut self) -> Result<()> {
        self.statements.begin.execute([])?;
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        if self.sequence > self.committed {
            self.statements.keep_sequence.execute([self.sequence])?;
        }
        self.statements.commit.execute([])?;
        self.committed = self.sequence;
        Ok(())
    }

    fn rollback(&mut self) {
        // A failed transaction may be over already; then there is nothing to roll back.
        let _ = self.execute("ROLLBACK", []);
        self.sequence = self.committed;
        self.client = None;
    }

    fn sequence(&mut self) -> Result<u64> {
        Ok(self.sequence)
    }

    fn remember(&mut self, client_id: &str, mutation_id: &Text) -> Result<bool> {
        let client = self.client(client_id)?;
        Ok(self.statements.remember.execute(params![client, mutation_id])? > 0)
    }

    fn forget(&mut self, client_id: &str, mutation_id: &Text) -> Result<()> {
        let client = self.client(client_id)?;
        self.execute("DELETE FROM applied WHERE client = ?1 AND mutation = ?2", params![client, mutation_id])
    }

    fn insert(&mut self, subject: &Subject, document: &Text) -> Result<bool> {
        let rows = match subject {
            Subject::Record { resource, id } => {
                self.statements.insert_record.execute([resource, id, document])?
            }
            Subject::JoinRow { store, from, to } => {
                self.statements.insert_join_row.execute([store, from, to, document])?
            }
        };
        Ok(rows > 0)
    }

    fn find(&mut self, subject: &Subject) -> Result<Option<Document>> {
        let text: Option<String> = match subject {
            Subject::Record { resource, id } => self
                .connection
                .prepare_cached("SELECT document FROM record WHERE resource = ?1 AND id = ?2")?
                .query_row([resource, id], |row| row.get(0))
                .optional()?,
            Subject::JoinRow { store, from, to } => self
                .connection
                .prepare_cached(
                    "SELECT document FROM join_row WHERE store = ?1 AND source = ?2 AND target = ?3",
                )?
                .query_row([store, from, to], |row| row.get(0))
                .optional()?,
        };
        text.map(|text| document(&text)).transpose()
    }

    fn put(&mut self, subject: &Subject, document: &Text) -> Result<()> {
        match subject {
            Subject::Record { resource, id } => self.execute(
                "INSERT INTO record (resource, id, document) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET document = excluded.document",
                [resource, id, document],
            ),
            Subject::JoinRow { store, from, to } => self.execute(
                "INSERT INTO join_row (store, source, target, document) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET document = excluded.document",
                [store, from, to, document],
            ),
        }
    }

    fn remove(&mut self, subject: &Subject) -> Result<()> {
        match subject {
            Subject::Record { resource, id } => {
                self.execute("DELETE FROM record WHERE resource = ?1 AND id = ?2", [resource, id])
            }
            Subject::JoinRow { store, from, to } => self.execute(
                "DELETE FROM join_row WHERE store = ?1 AND source = ?2 AND target = ?3",
                [store, from, to],
            ),
        }
    }

    fn record_step(&mut self, client_id: &str, changes: &[Change]) -> Result<()> {
        let client = self.client(client_id)?;
        self.sequence += 1;
        for (part, change) in changes.iter().enumerate() {
            let (name, id, target) = match &change.subject {
                Subject::Record { resource, id } => (resource, id, None),
                Subject::JoinRow { store, from, to } => (store, from, Some(to)),
            };
            self.statements.step.execute(params![
                self.sequence,
                part,
                name,
                id,
                target,
                change.is_as_sent.then_some(client)
            ])?;
        }
        Ok(())
    }
}

struct SqliteReader {
    connection: Connection,
    /// What comes after it might not be there after a power cut, so nobody is told.
    durable: u64,
}

impl Reader for SqliteReader {
    fn sequence(&mut self) -> Result<u64> {
        Ok(last_sequence(&self.connection)?.min(self.durable))
    }

    fn changes(&mut self, after: u64, until: u64, own: Option<&Own>, limit: PageLimit) -> Result<Changes> {
        let place = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
        let client: Option<i64> = match own {
            None => None,
            Some(own) => self
                .connection
                .query_row("SELECT number FROM client WHERE id = ?1", [&own.client_id], |row| row.get(0))
                .optional()?,
        };
        let known_after = place(own.map_or(u64::MAX, |own| own.after));
        let mut statement = self.connection.prepare(
            "SELECT c.sequence, c.name, c.id, c.target, coalesce(r.document, j.document)
             FROM change AS c
             LEFT JOIN record AS r ON c.target IS NULL AND r.resource = c.name AND r.id = c.id
             LEFT JOIN join_row AS j ON j.store = c.name AND j.source = c.id AND j.target = c.target
             WHERE c.sequence > ?1 AND c.sequence <= ?2 AND NOT (c.sequence > ?3 AND c.client IS ?4)
             ORDER BY c.sequence, c.part",
        )?;
        let mut rows = statement.query([place(after), place(until), known_after, client.unwrap_or(-1)])?;
        let (mut changes, mut has_more) = (Vec::new(), false);
        // `whole` counts the changes of the steps before the one that is being read.
        let (mut steps, mut bytes, mut whole, mut last) = (0, 0, 0, None);
        while let Some(row) = rows.next()? {
            let sequence: u64 = row.get(0)?;
            if last != Some(sequence) {
                (steps, whole, last) = (steps + 1, changes.len(), Some(sequence));
            }
            bytes += size(row)?;
            let is_full = steps > limit.steps || bytes > limit.bytes;
            if is_full && whole > 0 {
                changes.truncate(whole);
                has_more = true;
                break;
            }
            changes.push(stored_change(row)?);
        }
        Ok(Changes { changes, has_more })
    }

    fn last_change_of(&mut self, name: &str) -> Result<Option<u64>> {
        let sql = "SELECT max(sequence) FROM change WHERE name = ?1";
        let last: Option<u64> = self.connection.query_row(sql, [name], |row| row.get(0))?;
        Ok(last.map(|last| last.min(self.durable)))
    }

    fn records(&mut self, resource: &str, each: &mut dyn FnMut(String, Document)) -> Result<()> {
        let mut statement =
            self.connection.prepare("SELECT id, document FROM record WHERE resource = ?1 ORDER BY id")?;
        let mut rows = statement.query([resource])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, document(&row.get::<_, String>(1)?)?);
        }
        Ok(())
    }

    fn join_rows(&mut self, store: &str, each: &mut dyn FnMut(String, String, Document)) -> Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT source, target, document FROM join_row WHERE store = ?1 ORDER BY source, target",
        )?;
        let mut rows = statement.query([store])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, row.get(1)?, document(&row.get::<_, String>(2)?)?);
        }
        Ok(())
    }
}

/// What a change will take in an answer, about, before anything is made of it.
fn size(row: &Row<'_>) -> rusqlite::Result<usize> {
    let length = |column| -> rusqlite::Result<usize> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(text) => text.len(),
            _ => 0,
        })
    };
    Ok(length(1)? + length(2)? + length(3)? + length(4)?)
}

fn stored_change(row: &Row<'_>) -> rusqlite::Result<StoredChange> {
    let (name, id): (String, String) = (row.get(1)?, row.get(2)?);
    let subject = match row.get::<_, Option<String>>(3)? {
        None => Subject::Record { resource: name.into(), id: id.into() },
        Some(to) => Subject::JoinRow { store: name.into(), from: id.into(), to: to.into() },
    };
    let text: Option<String> = row.get(4)?;
    let document = text
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error)))?;
    Ok(StoredChange { sequence: row.get(0)?, subject, document })
}

fn document(text: &str) -> Result<Document> {
    serde_json::from_str(text).map_err(|error| StoreError::new(format!("a document is damaged: {error}")))
}
