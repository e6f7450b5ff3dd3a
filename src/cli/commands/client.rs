//! What the subcommands that talk to a server begin with: the database, the schema, the HTTP client and
//! the runtime.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use tokio::runtime::Runtime;

use crate::blocking_pool::run_on_pool;
use crate::cli::output;
use crate::cli::resolve::{self, Settings};
use crate::cli::signals::Signals;
use crate::cloneup::{Failure, Failures, Options};
use crate::offline::Database;
use crate::remote::Remote;
use crate::schema::Schema;

/// Everything that an upload or a comparison needs.
pub(super) struct Ready {
    pub(super) options: Options,
    pub(super) schema: Schema,
    pub(super) database: Database,
    pub(super) remote: Remote,
}

/// Opens what the settings name. `schema` is the schema file, if one is named.
pub(super) fn open(settings: Settings, schema: Option<&Path>, is_quiet: bool) -> Result<Ready, Failures> {
    let remote = connect(&settings, is_quiet)?;
    let database = Database::open(&settings.database)?;
    let schema = resolve::schema(schema, || database.stored_schema())?;
    Ok(Ready { options: settings.options, schema, database, remote })
}

/// Makes the HTTP client, and prints the warnings about the settings; sends nothing.
pub(super) fn connect<O>(settings: &Settings<O>, is_quiet: bool) -> Result<Remote, Failure> {
    let remote = Remote::new(&settings.remote).map_err(|error| {
        let words = format!("{}: {error}", resolve::flag(error.path()));
        Failure::from(error).in_words(words)
    })?;
    if !is_quiet {
        settings.warnings.iter().for_each(|warning| output::warning(warning));
    }
    if !is_quiet && settings.remote.sends_token_in_the_clear() {
        output::warning("the token is sent over plain http, where others can read it; use https");
    }
    Ok(remote)
}

/// Prepares a run on a thread of the blocking pool: a locked database or a token command may take a while.
pub(super) async fn unless_interrupted<T: Send + 'static>(
    signals: &Signals,
    prepare: impl FnOnce() -> Result<T, Failures> + Send + 'static,
) -> Result<T, Failures> {
    let preparing = run_on_pool(prepare);
    tokio::select! {
        ready = preparing => ready.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())),
        _ = signals.first() => Err(Failure::interrupted().into()),
    }
}

/// Runs a task to its end. The runtime's code for it is compiled once for each type of future, and larger
/// than most of them: here, once.
pub(super) fn block_on<T>(runtime: &Runtime, task: impl Future<Output = T>) -> T {
    let mut result = None;
    let mut task = Box::pin(async { result = Some(task.await) });
    let erased: Pin<&mut dyn Future<Output = ()>> = task.as_mut();
    runtime.block_on(erased);
    drop(task);
    result.expect("a task that has ended has set its result")
}

/// The runtime of a client. One thread is enough for the network: reading, encoding and compressing have
/// threads of their own.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::internal(format!("cannot start: {error}")))
}
