//! Makes the tables, or recognizes them. Any number of servers may do it at the same time: one of them
//! takes a lease, and the others wait until it has finished. The statements are in [`super::layout`].

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::config::SchemaName;
use super::error::{Class, Failure, PostgresError};
use super::layout::{LayoutStatements, VERSION};
use crate::server::store::{StoreError, TableFields};

/// How long another server's lease is waited for. It makes the tables in a moment, unless it has been
/// killed, and then the lease ends.
const PATIENCE: Duration = Duration::from_secs(40);

/// The pause before the tables are looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a store was not opened.
pub(super) enum Refused {
    /// A statement failed; another try may succeed.
    Failed(Failure),
    Store(StoreError),
    /// The user may not create the schema, or anything in it.
    NoPermission(Failure),
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PostgresError> for Refused {
    fn from(error: PostgresError) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a store in the schema, unless there is one, and returns its id. The server that opens it accepts
/// these fields.
pub(super) async fn open(
    client: &Client,
    schema: &SchemaName,
    fields: &TableFields,
) -> Result<String, Refused> {
    let (layout, server) = (LayoutStatements::new(schema), uuid::Uuid::new_v4().to_string());
    let opening = Opening { client, layout, schema, server };
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match opening.step().await {
            Ok(Some(store_id)) => {
                opening.add_fields(fields).await?;
                return Ok(store_id);
            }
            Ok(None) => sleep(PAUSE).await,
            // Another server makes the same thing at the same moment.
            Err(Refused::Failed(failure)) if is_race(&failure) => sleep(PAUSE).await,
            Err(refused) => return Err(refused),
        }
    }
    Err(PostgresError::Unfinished.into())
}

/// Two servers that create the same table, index or schema at once: `IF NOT EXISTS` sees only what is
/// committed.
fn is_race(failure: &Failure) -> bool {
    let is_duplicate = |code: &str| ["42P06", "42P07", "42710"].contains(&code);
    failure.class() == Class::Conflict || failure.state().is_some_and(|state| is_duplicate(state.code()))
}

struct Opening<'a> {
    client: &'a Client,
    layout: LayoutStatements,
    schema: &'a SchemaName,
    /// This server, as the holder of the lease.
    server: String,
}

impl Opening<'_> {
    /// Looks at what there is and makes the next part of it. Returns the store id when there is nothing
    /// left to make.
    async fn step(&self) -> Result<Option<String>, Refused> {
        let Some(found) = self.read().await? else {
            self.create_meta().await?;
            return Ok(None);
        };
        match found.try_get(0)? {
            VERSION => {
                self.count().await?;
                return Ok(Some(found.try_get(1)?));
            }
            version if version > VERSION => return Err(Refused::Store(StoreError::UnknownFormat(version))),
            _ => {}
        }
        if self.execute(&self.layout.take_lease, &self.server).await? == 0 {
            return Ok(None);
        }
        for statement in &self.layout.create {
            self.client.batch_execute(statement).await.map_err(refused)?;
        }
        self.execute(&self.layout.finish, &self.server).await?;
        // The lease may have been lost to another server, which then has made the same.
        Ok(None)
    }

    /// Version and store id, if they are there.
    async fn read(&self) -> Result<Option<Row>, Refused> {
        match self.client.query_typed_opt(&self.layout.read, &[]).await {
            Ok(row) => Ok(row),
            Err(error) => match error.code().map(tokio_postgres::error::SqlState::code) {
                // There is no such table, or no such schema.
                Some("42P01" | "3F000") => Ok(None),
                // The table has no such column.
                Some("42703") => Err(PostgresError::ForeignTables.into()),
                _ => Err(refused(error)),
            },
        }
    }

    /// Makes the schema, if it is not there, and the table that all servers look at first.
    async fn create_meta(&self) -> Result<(), Refused> {
        let name = self.schema.as_str();
        let tables = self.client.query_typed(&self.layout.tables, &[(&name, Type::TEXT)]).await?;
        let names: Vec<String> = tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if !names.is_empty() && !names.iter().any(|name| name == "meta") {
            return Err(PostgresError::ForeignTables.into());
        }
        // Creating a schema that exists needs a permission too, which a cautious owner has not given.
        let schemas = self.client.query_typed(&self.layout.schema, &[(&name, Type::TEXT)]).await?;
        if schemas.is_empty() {
            self.client.batch_execute(&self.layout.create_schema).await.map_err(refused)?;
        }
        self.client.batch_execute(&self.layout.create_meta).await.map_err(refused)?;
        self.execute(&self.layout.enter, &uuid::Uuid::new_v4().to_string()).await?;
        Ok(())
    }

    /// Counts the items by name, if they are not: in a store of a version that did not count them, or where
    /// such a server has gone on.
    async fn count(&self) -> Result<(), Refused> {
        let row = self.client.query_typed_one(&self.layout.is_counted, &[]).await?;
        if row.try_get(0)? {
            return Ok(());
        }
        if let Err(error) = self.client.batch_execute(&self.layout.count).await {
            self.client.batch_execute("ROLLBACK").await?;
            return Err(refused(error));
        }
        Ok(())
    }

    /// Enters the fields before the first document with one of them is written.
    async fn add_fields(&self, accepted: &TableFields) -> Result<(), Refused> {
        let pairs = accepted.iter().flat_map(|(name, fields)| fields.iter().map(move |field| (name, field)));
        let (names, fields): (Vec<_>, Vec<_>) =
            pairs.map(|(name, field)| (name.as_bytes(), field.as_bytes())).unzip();
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&names, Type::BYTEA_ARRAY), (&fields, Type::BYTEA_ARRAY)];
        self.client.execute_typed(&self.layout.add_fields, &parameters).await.map(drop).map_err(refused)
    }

    /// Runs a statement with one parameter and returns how many rows it wrote.
    async fn execute(&self, statement: &str, parameter: &str) -> Result<u64, Refused> {
        let written = self.client.execute_typed(statement, &[(&parameter, Type::TEXT)]).await;
        written.map_err(refused)
    }
}

fn refused(error: tokio_postgres::Error) -> Refused {
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("42501") => Refused::NoPermission(error.into()),
        _ => Refused::Failed(error.into()),
    }
}
