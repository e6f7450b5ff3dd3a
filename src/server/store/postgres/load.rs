//! Reads what a group may look at into a staging area, from one state of the store. What is done with it
//! is decided in [`super::lane`].

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::columns::KeyColumns;
use super::error::{Failure, PostgresError};
use super::sql::Statements;
use super::staging::{Applied, LoadedItem, Staging};
use crate::server::shared_text::SharedText;
use crate::server::store::{MutationKey, Touched};

/// What was read.
pub(super) struct Loaded<'t> {
    pub(super) staging: Staging<'t>,
    /// The last step of the sequence in the same state.
    pub(super) sequence: u64,
}

/// Why nothing was loaded.
pub(super) enum LoadError {
    Failed(Failure),
    Damaged(PostgresError),
}

impl From<tokio_postgres::Error> for LoadError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads which of the mutations are applied, and the items.
pub(super) async fn load<'t>(
    client: &Client,
    statements: &Statements,
    touched: &'t Touched,
) -> Result<Loaded<'t>, LoadError> {
    let clients: Vec<i64> = touched.mutations.iter().map(|(client, _)| client.0).collect();
    let mutations: Vec<&SharedText> = touched.mutations.iter().map(|(_, id)| id).collect();
    // From 1, as PostgreSQL counts; 0 is none.
    let places: Vec<i32> = touched.items.iter().map(|item| place(touched, item.by.as_ref())).collect();
    let reads: Vec<bool> = touched.items.iter().map(|item| item.reads_document).collect();
    let KeyColumns { names, ids, targets } = keys(touched);
    let rows = client
        .query_typed(
            &statements.load,
            &[
                (&clients, Type::INT8_ARRAY),
                (&mutations, Type::BYTEA_ARRAY),
                (&names, Type::BYTEA_ARRAY),
                (&ids, Type::BYTEA_ARRAY),
                (&targets, Type::BYTEA_ARRAY),
                (&reads, Type::BOOL_ARRAY),
                (&places, Type::INT4_ARRAY),
            ],
        )
        .await?;
    let (mut staging, mut sequence) = (Staging::new(touched), None);
    for row in rows {
        let number: i32 = row.try_get(0)?;
        let position = usize::try_from(number.unsigned_abs()).ok().and_then(|number| number.checked_sub(1));
        match position {
            None => sequence = u64::try_from(row.try_get::<_, i64>(1)?).ok(),
            Some(position) if number < 0 => staging.applied[position] = Applied::Before,
            Some(position) => staging.items[position].loaded = Some(item(&row)?),
        }
    }
    for (item, place) in staging.items.iter_mut().zip(&places) {
        let place = usize::try_from(*place).ok().and_then(|place| place.checked_sub(1));
        item.is_left_out = place.is_some_and(|place| staging.applied[place] == Applied::Before);
    }
    let sequence = sequence.ok_or(LoadError::Damaged(PostgresError::Damaged("there is no counter")))?;
    Ok(Loaded { staging, sequence })
}

/// The place of a mutation in the statement's arrays.
fn place(touched: &Touched, mutation: Option<&MutationKey>) -> i32 {
    let place = mutation.and_then(|mutation| touched.place(mutation));
    place.and_then(|place| i32::try_from(place + 1).ok()).unwrap_or(0)
}

/// Locks the items until the end of the open transaction, so that what is loaded then stays as it is.
pub(super) async fn lock(
    client: &Client,
    statements: &Statements,
    touched: &Touched,
) -> Result<(), tokio_postgres::Error> {
    let KeyColumns { names, ids, targets } = keys(touched);
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&names, Type::BYTEA_ARRAY), (&ids, Type::BYTEA_ARRAY), (&targets, Type::BYTEA_ARRAY)];
    client.query_typed(&statements.lock, &parameters).await.map(drop)
}

fn keys(touched: &Touched) -> KeyColumns<'_> {
    let mut keys = KeyColumns::default();
    for item in &touched.items {
        keys.push(&item.key);
    }
    keys
}

fn item(row: &Row) -> Result<LoadedItem, tokio_postgres::Error> {
    Ok(LoadedItem { batch: row.try_get(1)?, is_present: row.try_get(2)?, document: row.try_get(3)? })
}
