//! Runs of the job as a library call, and the events of them. Not runs of the binary (`binary`).

use std::sync::Mutex;
use std::time::Duration;

use synctool::cloneup::{CancellationToken, Concurrency, Event, Observer, Options, Outcome, Upload};
use synctool::offline::Database;
use synctool::remote::{Remote, RemoteConfig};
use synctool::schema::Schema;
use synctool::secret::Secret;

use super::{Offline, SCHEMA, Scripted, TABLES};

/// A database, a scripted server and options: what most tests need.
pub struct Rig {
    pub offline: Offline,
    pub server: Scripted,
    pub schema: String,
    pub options: Options,
    pub remote: RemoteConfig,
    /// The warnings of the last run.
    pub warnings: Vec<String>,
}

impl Rig {
    /// [`SCHEMA`] and [`TABLES`], with rows from `sql` in them.
    pub async fn new(sql: &str) -> Self {
        Self::with(SCHEMA, &format!("{TABLES}{sql}")).await
    }

    /// Any schema and database.
    pub async fn with(schema: &str, sql: &str) -> Self {
        let server = Scripted::start().await;
        let mut remote = RemoteConfig::new(server.base());
        remote.retry_delay = Duration::ZERO;
        remote.token = Some(Secret::new("secret-token"));
        remote.timeout = Duration::from_secs(20);
        let options = Options { client_id: Some("C".to_owned()), ..Options::default() };
        Self {
            offline: Offline::new(sql),
            server,
            schema: schema.to_owned(),
            options,
            remote,
            warnings: Vec::new(),
        }
    }

    /// Sets how many mutations a request has at most.
    pub fn batch_size(&mut self, mutations: usize) {
        self.options.batch_size = mutations.try_into().unwrap();
    }

    /// Sets how many requests are in flight at most.
    pub fn concurrency(&mut self, requests: usize) {
        self.options.concurrency = Concurrency::Fixed(requests.try_into().unwrap());
    }

    /// Sets how often a request is sent again.
    pub fn max_retries(&mut self, retries: u32) {
        self.options.max_retries = retries;
    }

    pub async fn run(&mut self) -> Outcome {
        self.run_and(|_| {}).await
    }

    /// Runs, and must succeed.
    pub async fn succeed(&mut self) -> Outcome {
        let outcome = self.run().await;
        assert!(outcome.ok, "{outcome:?}");
        outcome
    }

    /// Runs, and must fail with one error: its code, message and path.
    pub async fn fail(&mut self) -> (String, String, String) {
        let outcome = self.run().await;
        assert!(!outcome.ok, "{outcome:?}");
        let [failure] = outcome.failures.as_slice() else { panic!("not one error: {outcome:?}") };
        let body = failure.body();
        (body.code.clone(), body.message.clone(), body.path.clone())
    }

    /// Runs, and calls `watch` for every event.
    pub async fn run_and(&mut self, watch: impl Fn(&Event<'_>) + Send + Sync) -> Outcome {
        self.run_with_cancellation(|event, _| watch(event)).await
    }

    /// Runs, and may stop the run from within an event.
    pub async fn run_with_cancellation(
        &mut self,
        watch: impl Fn(&Event<'_>, &CancellationToken) + Send + Sync,
    ) -> Outcome {
        let cancellation = CancellationToken::new();
        let watcher = Watcher { watch, cancellation: cancellation.clone(), warnings: Mutex::new(Vec::new()) };
        let database = Database::open(&self.offline.path()).unwrap();
        let schema = Schema::parse(&self.schema).unwrap();
        let upload = Upload::new(database, Remote::new(&self.remote).unwrap(), schema);
        let upload = upload.options(self.options.clone()).observer(&watcher).cancellation(cancellation);
        let outcome = upload.run().await;
        self.warnings = watcher.warnings.into_inner().unwrap();
        outcome
    }
}

/// Code and mutation id of every error of a run.
pub fn codes(outcome: &Outcome) -> Vec<(String, String)> {
    let errors = outcome.failures.iter().map(|failure| &failure.error);
    errors.map(|error| (error.body.code.clone(), error.mutation_id.clone())).collect()
}

struct Watcher<W> {
    watch: W,
    cancellation: CancellationToken,
    warnings: Mutex<Vec<String>>,
}

impl<W: Fn(&Event<'_>, &CancellationToken) + Send + Sync> Observer for Watcher<W> {
    fn on(&self, event: &Event<'_>) {
        if let Event::Warning(message) = event {
            self.warnings.lock().unwrap().push((*message).to_owned());
        }
        (self.watch)(event, &self.cancellation);
    }
}
