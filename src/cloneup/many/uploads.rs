//! Runs the uploads of many databases: which one is next, and when no new one begins (contract 3.7). The
//! run of one database is in [`crate::cloneup::run`].

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::observer::DatabasesObserver;
use super::outcome::DatabasesOutcome;
use super::results::Results;
use super::source::{OpenDatabase, Source};
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::{Cause, Failure, Failures};
use crate::cloneup::options::Options;
use crate::cloneup::outcome::Outcome;
use crate::cloneup::run::Upload;
use crate::cloneup::shared::Shared;
use crate::protocol::code;
use crate::remote::Remote;

/// The uploads of many databases to one server; a builder.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use synctool::cloneup::{Options, Source, Uploads};
/// use synctool::offline::Database;
/// use synctool::remote::{Remote, RemoteConfig};
/// use synctool::schema::Schema;
///
/// let remote = Remote::new(&RemoteConfig::new("http://127.0.0.1:4400/datafn"))?;
/// let schema = Arc::new(Schema::parse(&std::fs::read_to_string("schema.json")?)?);
/// let open = move |path: &Path| {
///     Ok(Source { database: Database::open(path)?, schema: Arc::clone(&schema), only: None })
/// };
/// let paths = vec!["tenants/a.db".into(), "tenants/b.db".into()];
/// let options = Options { fail_fast: false, ..Options::default() };
/// let outcome = Uploads::new(paths, remote, Arc::new(open)).options(options).run().await;
/// assert!(outcome.ok);
/// # Ok(())
/// # }
/// ```
pub struct Uploads<'o> {
    pub(super) results: Results,
    pub(super) remote: Remote,
    pub(super) open: Arc<OpenDatabase>,
    pub(super) options: Arc<Options>,
    pub(super) jobs: NonZeroUsize,
    pub(super) observer: &'o dyn DatabasesObserver,
    pub(super) cancellation: CancellationToken,
}

impl<'o> Uploads<'o> {
    /// Uploads the databases at these paths, with the default options, as many side by side as there are
    /// processors.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>, remote: Remote, open: Arc<OpenDatabase>) -> Self {
        let options = Arc::<Options>::default();
        Self {
            results: Results::new(paths, options.stage),
            remote,
            open,
            options,
            jobs: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            observer: &(),
            cancellation: CancellationToken::new(),
        }
    }

    /// Uploads with these options. `concurrency` is the limit of all uploads together, `max_errors` counts
    /// over all of them, and with `fail_fast` no new one begins after one has failed.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.results = Results::new(self.results.paths().to_vec(), options.stage);
        self.options = Arc::new(options);
        self
    }

    /// Uploads this number of databases side by side.
    #[must_use]
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Gets the events of all uploads.
    #[must_use]
    pub fn observer(mut self, observer: &'o dyn DatabasesObserver) -> Self {
        self.observer = observer;
        self
    }

    /// Cooperative cancellation: once the token is cancelled no upload begins, and those under way end as
    /// [`Upload::cancellation`] says.
    #[must_use]
    pub fn cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// The results, to be looked at while the uploads run. Ask for them after the options are set.
    #[must_use]
    pub fn results(&self) -> Results {
        self.results.clone()
    }

    /// Uploads. Needs a tokio runtime with time and network. Failures are part of the outcome.
    ///
    /// No new upload begins after the server could not be reached or refused the credentials, whatever the
    /// options say: the others would fail as well.
    pub async fn run(self) -> DatabasesOutcome {
        let shared = Arc::new(Shared::new(&self.remote, &self.options));
        let paths = self.results.paths();
        let mut next = paths.iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut is_over = false;
        loop {
            is_over |= self.cancellation.is_cancelled() || shared.rejections.is_over();
            while !is_over && running.len() < self.jobs.get() {
                let Some((index, path)) = next.next() else { break };
                running.push(self.upload(index, path, &shared));
            }
            let Some((index, outcome)) = running.next().await else { break };
            is_over |= self.ends_all(&outcome);
            self.end(index, outcome);
        }
        for (index, _) in next {
            let why =
                if self.cancellation.is_cancelled() { Failure::interrupted() } else { Failure::not_begun() };
            self.end(index, Outcome::failed(vec![why]).of(self.options.stage));
        }
        self.results.take()
    }

    async fn upload(&self, index: usize, path: &Path, shared: &Arc<Shared>) -> (usize, Outcome) {
        let observer = self.observer.begin(index);
        let opened = tokio::select! {
            opened = open(&self.open, path) => opened,
            // A database can be locked for a while.
            () = self.cancellation.cancelled() => Err(Failure::interrupted().into()),
        };
        let outcome = match opened {
            Ok(Source { database, schema, only }) => {
                let options = match only {
                    Some(only) => Arc::new(Options { only: Some(only), ..(*self.options).clone() }),
                    None => Arc::clone(&self.options),
                };
                let upload = Upload::of(database, self.remote.clone(), schema, options);
                let upload = upload.observer(&*observer).cancellation(self.cancellation.clone());
                upload.shared(Arc::clone(shared)).run().await
            }
            Err(Failures(failures)) => Outcome::failed(failures).of(self.options.stage),
        };
        (index, outcome)
    }

    fn end(&self, index: usize, outcome: Outcome) {
        self.observer.end(index, &outcome);
        self.results.add(index, outcome);
    }

    /// Whether no new upload begins after one with this outcome.
    fn ends_all(&self, outcome: &Outcome) -> bool {
        !outcome.ok && (self.options.fail_fast || outcome.failures.iter().any(is_about_the_server))
    }
}

/// Opens a database on a thread where it may block.
pub(super) async fn open(open: &Arc<OpenDatabase>, path: &Path) -> Result<Source, Failures> {
    let (open, path) = (Arc::clone(open), path.to_owned());
    blocking(move || open(&path)).await
}

/// Whether the server could not be reached, or refused the credentials: that holds for every database.
fn is_about_the_server(failure: &Failure) -> bool {
    matches!(failure.cause, Some(Cause::Request(_))) || failure.body().code == code::FORBIDDEN
}
