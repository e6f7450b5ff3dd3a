//! Errors of PostgreSQL: what they mean for another try, and how a person is told. What is tried again is
//! decided in [`super::lane`] and [`super::reader`].

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

use rustls::pki_types::pem;
use tokio_postgres::error::SqlState;

use crate::server::store::{ItemKey, StoreError};

/// A failure of the store in PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub(in crate::server) enum PostgresError {
    /// A statement failed, and would fail again.
    #[error("{0}")]
    Failed(#[source] Failure),
    /// Nothing that can be waited for answers.
    #[error("{0}; check that PostgreSQL is running, and the host and the port in the database URL")]
    Unreachable(#[source] Failure),
    /// The user or the password is wrong, or the server's rules refuse them.
    #[error(
        "{source}; check the user and the password in the database URL, and what pg_hba.conf allows the user {user}"
    )]
    Credentials { user: String, source: Failure },
    #[error("{source}; create it (createdb {database}), or name another one in the database URL")]
    NoDatabase { database: String, source: Failure },
    #[error(
        "{source}; let an owner of the database run: CREATE SCHEMA IF NOT EXISTS {schema}; \
         GRANT USAGE, CREATE ON SCHEMA {schema} TO \"{user}\""
    )]
    NoPermission { schema: String, user: String, source: Failure },
    #[error(
        "{source}; --database-ca-cert names a certificate to trust, and the host in the database URL must be \
         one that the certificate names"
    )]
    Untrusted { source: Failure },
    /// The schema holds tables, but not those of this server.
    #[error("it holds another program's tables; name another schema with --database-schema")]
    ForeignTables,
    /// Another server was making the tables for too long.
    #[error("another server has not finished making the tables; start again in a minute")]
    Unfinished,
    #[error("cannot use the certificates in {}: {}", .path.display(), reason(.source.as_ref()))]
    Certificates { path: PathBuf, source: Option<pem::Error> },
    #[error("TLS cannot be used: {0}")]
    Tls(#[source] rustls::Error),
    /// A statement asserted something that a transaction of this version always leaves true.
    #[error("the tables are damaged: {0}")]
    Damaged(&'static str),
    /// A bug of this server: applying a mutation looked at what was not read before.
    #[error("the item {:?} was not loaded", .0)]
    NotLoaded(ItemKey),
}

fn reason(source: Option<&pem::Error>) -> String {
    source.map_or_else(|| "there is no PEM certificate in it".to_owned(), ToString::to_string)
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(error)
    }
}

/// Why a statement or a connection failed.
#[derive(Debug)]
pub(in crate::server) enum Failure {
    Driver(tokio_postgres::Error),
    /// The answer did not come in time.
    TimedOut,
    /// Every connection for reads is in use.
    NoConnection,
}

/// What a failure means for another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Another transaction was faster: the same again, on what the store has now.
    Conflict,
    /// The connection is lost, or the server cannot work at the moment: again on a new connection.
    /// Whether a transaction that was being committed is committed is unknown.
    Unavailable,
    /// Another try would fail too.
    Permanent,
}

impl Failure {
    /// What the failure means for another try.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::TimedOut | Self::NoConnection => Class::Unavailable,
            Self::Driver(error) => match error.code() {
                Some(code) => class_of(code.code()),
                None if self.tls().is_some() => Class::Permanent,
                None if error.is_closed() || self.io().is_some() => Class::Unavailable,
                None => Class::Permanent,
            },
        }
    }

    /// The SQLSTATE that the server sent.
    pub(super) fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Driver(error) => error.code(),
            Self::TimedOut | Self::NoConnection => None,
        }
    }

    /// The error of TLS, if that is the cause.
    pub(super) fn tls(&self) -> Option<&rustls::Error> {
        self.io()?.get_ref()?.downcast_ref()
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Driver(error) => error.source()?.downcast_ref(),
            Self::TimedOut | Self::NoConnection => None,
        }
    }
}

/// What a SQLSTATE means (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn class_of(code: &str) -> Class {
    match code {
        // A statement's own assertion is a division by zero.
        "22012" | "23505" | "40001" | "40P01" | "55P03" | "57014" => Class::Conflict,
        // The server is demoted, or the connection is in a transaction that it should not be in.
        "25001" | "25006" | "25P01" | "25P02" | "25P03" => Class::Unavailable,
        // Connection, lack of resources (a full disk, too many connections), shutdown, I/O of the server.
        _ if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => Class::Unavailable,
        _ => Class::Permanent,
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

impl fmt::Display for Failure {
    /// The server's message without its details, which have values of rows in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::TimedOut => return f.write_str("it does not answer in time"),
            Self::NoConnection => return f.write_str("all connections for reads are in use"),
            Self::Driver(error) => error,
        };
        if let Some(database) = error.as_db_error() {
            return write!(f, "{} ({})", database.message(), database.code().code());
        }
        write!(f, "{error}")?;
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_again_is_decided_by_the_sqlstate() {
        for (codes, expected) in [
            (&["22012", "23505", "40001", "40P01", "55P03", "57014"][..], Class::Conflict),
            (&["08006", "57P01", "57P03", "53100", "53300", "25006", "25P03", "58030"], Class::Unavailable),
            (&["28P01", "3D000", "42501", "42703", "22P02", "XX000", "23502"], Class::Permanent),
        ] {
            for code in codes {
                assert_eq!(class_of(code), expected, "{code}");
            }
        }
    }
}
