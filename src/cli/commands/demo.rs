//! `synctool demo`: a whole upload on one machine, with generated data and a server in this process. The
//! data is made in [`crate::offline::sample`].

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::args::{DemoArgs, Output};
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, Hints, Progress};
use crate::cli::resolve::DEFAULT_LISTEN;
use crate::cloneup::{Failure, Outcome, Upload};
use crate::offline::{Database, sample};
use crate::remote::{Remote, RemoteConfig};
use crate::schema::Schema;
use crate::server::{Limits, ServerConfig, ServerState, StoreLocation, serve};

/// The files of a demonstration.
struct Files {
    database: PathBuf,
    schema: PathBuf,
    server: PathBuf,
}

/// Runs the subcommand.
pub(in crate::cli) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    output::start_diagnostics(args.verbosity);
    let folder = new_folder(args.dir.as_deref())?;
    let files = Files {
        database: folder.join("app.db"),
        schema: folder.join("schema.json"),
        server: folder.join("server.db"),
    };
    let progress = Progress::new(args.verbosity.quiet);
    progress.say(&format!("creating an offline database in {}", folder.display()));
    sample::write(&files.database)?;
    std::fs::write(&files.schema, sample::schema())
        .map_err(|error| Failure::storage(format!("cannot write {}: {error}", files.schema.display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::internal(format!("cannot start: {error}")))?;
    let status =
        runtime.block_on(serve_and_upload(&files, &progress, Hints::unless(args.verbosity.quiet)))?;
    if !args.verbosity.quiet {
        print_next_steps(&files);
    }
    Ok(status)
}

/// Starts the server and uploads twice; returns the exit status.
async fn serve_and_upload(files: &Files, progress: &Progress, hints: Hints) -> Result<u8, Failure> {
    let schema = Schema::parse(&sample::schema()).expect("the schema of the sample is valid");
    let config = ServerConfig {
        schema: schema.clone(),
        store: StoreLocation::File(files.server.clone()),
        token: None,
        limits: Limits::default(),
    };
    let state = ServerState::open(config).await.map_err(|error| Failure::storage(error.to_string()))?;
    let failed = |error: io::Error| Failure::internal(format!("cannot listen on a loopback port: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let base = format!("http://{}/datafn", listener.local_addr().map_err(failed)?);
    let (stop_server, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        // A dropped sender stops the server, like a message.
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(listener, shutdown, state));
    let status = upload_twice(files, &schema, &base, progress, hints).await?;
    drop(stop_server);
    server.await.map_err(|error| Failure::internal(format!("the server failed: {error}")))?;
    Ok(status)
}

/// Uploads, prints the result, and uploads again: the server must not count a mutation twice.
async fn upload_twice(
    files: &Files,
    schema: &Schema,
    base: &str,
    progress: &Progress,
    hints: Hints,
) -> Result<u8, Failure> {
    progress.say(&format!("uploading to {base}"));
    let first = upload(files, schema, base, progress).await?;
    let status = output::result(&first, Output::Auto, exit::status(first.failure_kind(), SIGINT));
    output::failures(&first.failures, hints);
    if status != exit::SUCCESS {
        return Ok(status);
    }
    progress.say("uploading again");
    let again = upload(files, schema, base, progress).await?;
    output::failures(&again.failures, hints);
    if again.ok && again.cursor == first.cursor {
        progress.say(&format!(
            "the server's sequence is {} as before: it deduplicated all {} mutations",
            again.cursor,
            mutations(&again)
        ));
        return Ok(exit::SUCCESS);
    }
    output::error(&format!("the server's sequence went from {} to {}", first.cursor, again.cursor));
    Ok(exit::REJECTED)
}

async fn upload(files: &Files, schema: &Schema, base: &str, progress: &Progress) -> Result<Outcome, Failure> {
    let database = Database::open(&files.database)?;
    let remote = Remote::new(&RemoteConfig::new(base))?;
    let outcome = Upload::new(database, remote, schema.clone()).observer(progress).run().await;
    progress.finish(&outcome);
    Ok(outcome)
}

/// The mutations of records and join rows.
fn mutations(outcome: &Outcome) -> u64 {
    let stats = &outcome.stats;
    let records: u64 = stats.resources.iter().map(|(_, stats)| stats.mutations).sum();
    let join_rows: u64 = stats.join_stores.values().map(|stats| stats.mutations).sum();
    records + join_rows
}

fn print_next_steps(files: &Files) {
    let [database, schema, server] =
        [&files.database, &files.schema, &files.server].map(|path| shell_quoted(path));
    output::line("\nThe files are kept. To serve them and upload again:");
    output::line(&format!("  synctool serve --schema {schema} --data {server}"));
    output::line(&format!(
        "  synctool cloneup --db {database} --schema {schema} --remote http://{DEFAULT_LISTEN}/datafn"
    ));
}

/// A path as a shell takes it.
fn shell_quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Creates the folder of the files; it must not exist yet.
fn new_folder(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(folder) = given {
        std::fs::create_dir(folder).map_err(|error| {
            let fix = if error.kind() == io::ErrorKind::AlreadyExists { "; name a new folder" } else { "" };
            Failure::storage(format!("cannot create {}: {error}{fix}", folder.display()))
        })?;
        return Ok(folder.to_owned());
    }
    let folder = tempfile::Builder::new().prefix("synctool-demo-").tempdir();
    let folder =
        folder.map_err(|error| Failure::storage(format!("cannot create a temporary folder: {error}")))?;
    // The files are kept, so the folder is not removed at the end.
    Ok(folder.keep())
}
