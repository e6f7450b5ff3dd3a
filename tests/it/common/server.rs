//! The real server, in this process, on a free port. Not `serve` as a process (`serve_process`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use synctool::schema::Schema;
use synctool::secret::Secret;
#[cfg(all(target_os = "linux", feature = "postgres"))]
use synctool::server::PostgresConfig;
use synctool::server::{Limits, Retention, ServerConfig, ServerState, StoreLocation, serve};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::SCHEMA;

/// A running server.
pub struct TestServer {
    folder: TempDir,
    schema: String,
    token: Option<String>,
    limits: Limits,
    retention: Retention,
    /// Where the data is, if not in [`Self::data`].
    store: Option<StoreLocation>,
    base: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl TestServer {
    pub async fn start(schema: &str) -> Self {
        Self::start_with(schema, None, Limits::default()).await
    }

    /// Starts on a copy of a store.
    pub async fn start_on_copy(schema: &str, store: &Path) -> Self {
        let mut server = Self::new(schema, None, Limits::default());
        std::fs::copy(store, server.data()).unwrap();
        server.run().await;
        server
    }

    pub async fn start_with(schema: &str, token: Option<&str>, limits: Limits) -> Self {
        let mut server = Self::new(schema, token, limits);
        server.run().await;
        server
    }

    /// Starts on another store than a file.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    pub async fn start_on(schema: &str, store: StoreLocation) -> Self {
        Self::start_in(schema, None, Limits::default(), Some(store)).await
    }

    /// Starts on a store; without one, on a new file.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    pub async fn start_in(
        schema: &str,
        token: Option<&str>,
        limits: Limits,
        store: Option<StoreLocation>,
    ) -> Self {
        let mut server = Self::new(schema, token, limits);
        server.store = store;
        server.run().await;
        server
    }

    fn new(schema: &str, token: Option<&str>, limits: Limits) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            schema: schema.to_owned(),
            token: token.map(str::to_owned),
            limits,
            retention: Retention::default(),
            store: None,
            base: String::new(),
            stop: None,
            task: None,
        }
    }

    async fn run(&mut self) {
        // A read that a client has given up may hold the store of the server before for a moment.
        let store = self.store.clone().unwrap_or_else(|| StoreLocation::File(self.data()));
        let (token, retention) = (self.token.as_deref(), self.retention);
        let open = || open(&self.schema, store.clone(), token, self.limits, retention);
        let mut state = open().await;
        for _ in 0..100 {
            if state.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            state = open().await;
        }
        let state = state.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.base = format!("http://{}/datafn", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.task = Some(tokio::spawn(serve(
            listener,
            async {
                let _ = stopped.await;
            },
            state,
        )));
    }

    /// Stops, waits for requests in flight, and runs again on the same store.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    /// Runs again after [`Self::stop`], and forgets from now on.
    pub async fn start_again(&mut self, retention: Retention) {
        self.retention = retention;
        self.run().await;
    }

    /// The schema of the next run.
    pub fn set_schema(&mut self, schema: &str) {
        schema.clone_into(&mut self.schema);
    }

    pub async fn stop(&mut self) {
        drop(self.stop.take());
        self.task.take().unwrap().await.unwrap();
    }

    /// A TCP connection, for requests that no HTTP client sends.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.base.split('/').nth(2).unwrap()).await.unwrap()
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of a route beside `/datafn`.
    pub fn url(&self, route: &str) -> String {
        format!("{}{route}", self.base.strip_suffix("/datafn").unwrap())
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("server.db")
    }

    /// Posts a body and returns the HTTP status and the answer.
    pub async fn post_text(&self, route: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let mut request = client().post(format!("{}/{route}", self.base)).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    /// The result of `status`.
    pub async fn status(&self) -> Value {
        let response = client().get(format!("{}/status", self.base)).send().await.unwrap();
        let mut answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].take()
    }

    /// Posts JSON and returns the result; the answer must be successful.
    pub async fn post(&self, route: &str, body: &Value) -> Value {
        let (status, mut answer) = self.post_text(route, body.to_string()).await;
        assert_eq!((status, &answer["ok"]), (200, &Value::Bool(true)), "{answer}");
        answer["result"].take()
    }
}

/// Opens a file as the store of a server for [`SCHEMA`], or says why that is refused.
pub async fn open_store(data: &Path) -> Result<ServerState, String> {
    open(SCHEMA, StoreLocation::File(data.to_owned()), None, Limits::default(), Retention::default()).await
}

async fn open(
    schema: &str,
    store: StoreLocation,
    token: Option<&str>,
    limits: Limits,
    retention: Retention,
) -> Result<ServerState, String> {
    let schema = Schema::parse(schema).unwrap();
    let config = ServerConfig { schema, store, token: token.map(Secret::new), limits, retention };
    ServerState::open(config).await.map_err(|error| error.to_string())
}

/// A new store in a cluster.
#[cfg(all(target_os = "linux", feature = "postgres"))]
pub fn postgres_store(cluster: &super::postgres::Cluster) -> StoreLocation {
    let config = PostgresConfig::new(&Secret::new(cluster.database_url())).unwrap();
    StoreLocation::Postgres(Box::new(config.with_schema(&super::postgres::unique_schema()).unwrap()))
}

/// An HTTP client that does not decompress, so that tests see the bytes of an answer.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().no_gzip().no_zstd().build().unwrap()
}
