//! The helpers for tests with PostgreSQL do what they say. Not the store on PostgreSQL.

mod cluster;
