//! Gives a store that was restored to an earlier state a new id.

use tokio_postgres::types::Type;

use super::config::PostgresConfig;
use super::connection::Connector;
use super::error::Failure;
use super::retention_sql::RetentionStatements;
use crate::server::store::{Result, StoreError};

/// Gives an existing store a new id; returns the one before, and the new one. Servers that have it open go
/// on with the one before until they are started again.
///
/// # Errors
/// [`StoreError::Missing`] when there is no store, and what a database that cannot be reached or written
/// gives.
pub(in crate::server) async fn renew_store_id(config: &PostgresConfig) -> Result<(String, String)> {
    let connection = Connector::new(config)?.connect().await?;
    let statements = RetentionStatements::new(&config.schema);
    let found = match connection.query_typed_opt(&statements.store_id, &[]).await {
        Ok(found) => found,
        Err(error) => match error.code().map(tokio_postgres::error::SqlState::code) {
            // There is no such table, schema or column.
            Some("42P01" | "3F000" | "42703") => None,
            _ => return Err(Failure::from(error).into()),
        },
    };
    let before = found.ok_or(StoreError::Missing)?.try_get(0).map_err(Failure::from)?;
    let after = uuid::Uuid::new_v4().to_string();
    let renewed = connection.execute_typed(&statements.renew_store_id, &[(&after, Type::TEXT)]).await;
    renewed.map_err(Failure::from)?;
    Ok((before, after))
}
