//! The SQL of the writing half. Durability is not here but in [`super::wal`].

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params};

use super::layout;
use crate::server::shared_text::SharedText;
use crate::server::store::{Document, NewChange, Result, Subject, Writer};

/// The one writer of the store.
pub(super) struct SqliteWriter<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    /// The last step of the sequence, steps of the open transaction included.
    sequence: u64,
    /// The last committed step, which a rollback returns to.
    committed: u64,
    /// Id and `client.number` of the client looked up last: all mutations of a push have the same
    /// client.
    client: Option<(String, i64)>,
}

/// The statements that run for every mutation or transaction, prepared once.
struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    save_sequence: Statement<'c>,
    mark_applied: Statement<'c>,
    append_change: Statement<'c>,
    insert_record: Statement<'c>,
    insert_join_row: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            save_sequence: prepare("UPDATE meta SET value = ?1 WHERE key = 'sequence'")?,
            mark_applied: prepare("INSERT OR IGNORE INTO applied (client, mutation) VALUES (?1, ?2)")?,
            append_change: prepare(
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
    pub(super) fn new(connection: &'c Connection) -> Result<Self> {
        let sequence = layout::last_sequence(connection)?;
        let statements = Statements::prepare(connection)?;
        Ok(Self { connection, statements, sequence, committed: sequence, client: None })
    }

    /// The `client.number` of a client id, which is assigned at its first mutation.
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

impl ToSql for SharedText {
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
            self.statements.save_sequence.execute([self.sequence])?;
        }
        self.statements.commit.execute([])?;
        self.committed = self.sequence;
        Ok(())
    }

    fn rollback(&mut self) {
        // An error may have ended the transaction already; then ROLLBACK fails and there is nothing to
        // undo.
        let _ = self.execute("ROLLBACK", []);
        self.sequence = self.committed;
        // Its row may have been rolled back too.
        self.client = None;
    }

    fn sequence(&mut self) -> Result<u64> {
        Ok(self.sequence)
    }

    fn mark_applied(&mut self, client_id: &str, mutation_id: &SharedText) -> Result<bool> {
        let client = self.client(client_id)?;
        Ok(self.statements.mark_applied.execute(params![client, mutation_id])? > 0)
    }

    fn unmark_applied(&mut self, client_id: &str, mutation_id: &SharedText) -> Result<()> {
        let client = self.client(client_id)?;
        self.execute("DELETE FROM applied WHERE client = ?1 AND mutation = ?2", params![client, mutation_id])
    }

    fn insert(&mut self, subject: &Subject, document: &SharedText) -> Result<bool> {
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
        text.map(|text| layout::document(&text)).transpose()
    }

    fn put(&mut self, subject: &Subject, document: &SharedText) -> Result<()> {
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

    fn append_step(&mut self, client_id: &str, changes: &[NewChange]) -> Result<()> {
        let client = self.client(client_id)?;
        self.sequence += 1;
        for (part, change) in changes.iter().enumerate() {
            let (name, id, target) = match &change.subject {
                Subject::Record { resource, id } => (resource, id, None),
                Subject::JoinRow { store, from, to } => (store, from, Some(to)),
            };
            self.statements.append_change.execute(params![
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
