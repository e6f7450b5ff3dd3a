//! Which database a store is in, and what can be wrong with its description. Connections are made in
//! [`super::connection`].

use std::fmt;
use std::path::PathBuf;

use tokio_postgres::config::Host;

use super::url::{DatabaseUrl, UrlError};
use crate::secret::Secret;

/// The port where none is given.
const DEFAULT_PORT: u16 = 5432;

/// A schema in a PostgreSQL database. Each schema is a store of its own.
///
/// Neither its `Debug` nor its `Display` output shows a password.
#[derive(Clone)]
pub struct PostgresConfig {
    pub(super) url: DatabaseUrl,
    pub(super) schema: SchemaName,
    /// A PEM file with certificates to trust in addition to the platform's.
    pub(super) ca_cert: Option<PathBuf>,
}

/// A description of a database that cannot be used. The URL is not in the message: it may hold a
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresConfigError {
    /// The URL is not one of a PostgreSQL database.
    #[error("the database URL cannot be used: {}", .0.0)]
    Url(InvalidUrl),
    /// The name of the schema cannot be used.
    #[error(
        "the schema's name cannot be used: it must have at most 63 letters, digits, _ or -, and not begin \
         with pg_"
    )]
    Schema,
}

/// What is wrong with a URL.
#[derive(Debug)]
pub struct InvalidUrl(UrlError);

impl PostgresConfig {
    /// The name of the schema where none is given.
    pub const DEFAULT_SCHEMA: &str = "synctool";

    /// The schema `synctool` in the database of a URL such as `postgres://user@host:5432/database`.
    ///
    /// The URL may name several hosts, of which the one that takes writes is used. A connection is
    /// encrypted where the server offers it, and with `sslmode=require`, `verify-ca` or `verify-full`
    /// only then; a certificate is always verified. On this machine the default is `disable`.
    ///
    /// # Errors
    /// [`PostgresConfigError::Url`].
    pub fn new(url: &Secret) -> Result<Self, PostgresConfigError> {
        let url = DatabaseUrl::parse(url.expose());
        let url = url.map_err(|error| PostgresConfigError::Url(InvalidUrl(error)))?;
        Ok(Self { url, schema: SchemaName(Self::DEFAULT_SCHEMA.to_owned()), ca_cert: None })
    }

    /// The same database, and another schema in it.
    ///
    /// # Errors
    /// [`PostgresConfigError::Schema`] for a name that is empty, longer than 63 bytes, begins with `pg_`
    /// or has other characters than letters, digits, `_` and `-`.
    pub fn with_schema(self, name: &str) -> Result<Self, PostgresConfigError> {
        Ok(Self { schema: SchemaName::new(name).ok_or(PostgresConfigError::Schema)?, ..self })
    }

    /// Also trusts the certificates of a PEM file.
    #[must_use]
    pub fn with_ca_cert(self, path: PathBuf) -> Self {
        Self { ca_cert: Some(path), ..self }
    }

    /// Whether the URL holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.url.driver.get_password().is_some()
    }

    /// The hosts, with their ports.
    pub(super) fn hosts(&self) -> String {
        let driver = &self.url.driver;
        let ports = driver.get_ports();
        let port = |index| ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
        let host = |(index, host): (usize, &Host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(index)),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{}", folder.display(), port(index)),
        };
        let names: Vec<_> = driver.get_hosts().iter().enumerate().map(host).collect();
        if names.is_empty() {
            let addresses = driver.get_hostaddrs().iter().enumerate();
            return addresses.map(|(at, ip)| format!("{ip}:{}", port(at))).collect::<Vec<_>>().join(",");
        }
        names.join(",")
    }

    /// The user, as far as the URL names one.
    pub(super) fn user(&self) -> &str {
        self.url.driver.get_user().unwrap_or("of this process")
    }

    /// The database: the one of the user's name, where the URL names none.
    pub(super) fn database(&self) -> &str {
        self.url.driver.get_dbname().unwrap_or(self.user())
    }
}

impl fmt::Display for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (database, schema) = (self.database(), &self.schema.0);
        write!(f, "the schema {schema} of the database {database} at {}", self.hosts())
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("hosts", &self.hosts())
            .field("database", &self.database())
            .field("schema", &self.schema.0)
            .field("ca_cert", &self.ca_cert)
            .finish_non_exhaustive()
    }
}

/// The name of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SchemaName(String);

impl SchemaName {
    /// PostgreSQL cuts off longer names.
    const MAX_BYTES: usize = 63;

    /// A valid name.
    pub(super) fn new(name: &str) -> Option<Self> {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_short = (1..=Self::MAX_BYTES).contains(&name.len());
        let is_reserved = name.starts_with("pg_") || name == "information_schema";
        (is_short && !is_reserved && name.chars().all(is_valid)).then(|| Self(name.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as an identifier of SQL.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_password() {
        let url = Secret::new("postgres://ann:s3cr3t@db1,db2:5433/app");
        let config = PostgresConfig::new(&url).unwrap().with_schema("team-1").unwrap();
        assert_eq!(config.to_string(), "the schema team-1 of the database app at db1:5432,db2:5433");
        let debug = format!("{config:?}");
        assert!(debug.contains("db1:5432") && !debug.contains("s3cr3t"), "{debug}");
        assert!(config.has_password());
    }

    #[test]
    fn a_schema_name_is_a_plain_word() {
        for name in ["synctool", "Team_1", "a-b", "1", &"x".repeat(63)] {
            assert!(SchemaName::new(name).is_some(), "{name}");
        }
        for name in ["", "a b", "a\"b", "a.b", "é", "pg_x", "information_schema", &"x".repeat(64)] {
            assert!(SchemaName::new(name).is_none(), "{name}");
        }
    }
}
