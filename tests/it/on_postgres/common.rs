//! What these tests share with all others, but for the server's store.

use std::ops::{Deref, DerefMut};

use synctool::server::Limits;

pub use crate::common::*;

/// A server whose store is in PostgreSQL, where there is one.
pub struct TestServer(crate::common::TestServer);

impl TestServer {
    pub async fn start(schema: &str) -> Self {
        Self::start_with(schema, None, Limits::default()).await
    }

    pub async fn start_with(schema: &str, token: Option<&str>, limits: Limits) -> Self {
        let store = postgres::Cluster::shared().map(postgres_store);
        Self(crate::common::TestServer::start_in(schema, token, limits, store).await)
    }
}

impl Deref for TestServer {
    type Target = crate::common::TestServer;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for TestServer {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
