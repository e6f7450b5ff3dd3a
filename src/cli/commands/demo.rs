//! `synctool demo`: a whole upload on one machine, with generated data and a server in this process. The
//! data is made in [`crate::offline::sample`].

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::client;
use crate::cli::args::{DemoArgs, Output, ProgressMode};
use crate::cli::exit::{self, SIGINT};
use crate::cli::output::{self, DEFAULT_INTERVAL, Hints, Look, Progress, counted, escaped};
use crate::cli::resolve::DEFAULT_LISTEN;
use crate::cloneup::{Failure, Outcome, Upload};
use crate::offline::{Database, sample};
use crate::remote::{Remote, RemoteConfig};
use crate::schema::Schema;
use crate::server::{Limits, Retention, ServerConfig, ServerState, StoreLocation, serve};

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
    let is_quiet = args.verbosity.quiet;
    say(is_quiet, &[format!("creating an offline database in {}", escaped(&folder.to_string_lossy()))]);
    sample::write(&files.database)?;
    std::fs::write(&files.schema, sample::schema())
        .map_err(|error| Failure::storage(format!("cannot write {}: {error}", files.schema.display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::internal(format!("cannot start: {error}")))?;
    let status = client::block_on(&runtime, serve_and_upload(&files, is_quiet))?;
    if !is_quiet {
        print_next_steps(&files);
    }
    Ok(status)
}

/// Prints lines about what happens, unless the run is quiet.
fn say(is_quiet: bool, lines: &[String]) {
    for line in lines.iter().filter(|_| !is_quiet) {
        output::paragraph(line);
    }
}

/// Starts the server and uploads twice; returns the exit status.
async fn serve_and_upload(files: &Files, is_quiet: bool) -> Result<u8, Failure> {
    let schema = Schema::parse(&sample::schema()).expect("the schema of the sample is valid");
    let config = ServerConfig {
        schema: schema.clone(),
        store: StoreLocation::File(files.server.clone()),
        token: None,
        limits: Limits::default(),
        retention: Retention::default(),
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
    let status = upload_twice(files, &schema, &base, is_quiet).await?;
    drop(stop_server);
    server.await.map_err(|error| Failure::internal(format!("the server failed: {error}")))?;
    Ok(status)
}

/// Uploads, prints the result, and uploads again: the server must not count a mutation twice.
async fn upload_twice(files: &Files, schema: &Schema, base: &str, is_quiet: bool) -> Result<u8, Failure> {
    let hints = Hints::unless(is_quiet);
    say(is_quiet, &[format!("uploading to {base}")]);
    let (first, summary) = upload(files, schema, base, is_quiet).await?;
    let status = output::result(&first, Output::Auto, exit::status(first.failure_kind(), SIGINT));
    output::failures(&first.failures, hints);
    say(is_quiet, &summary);
    if status != exit::SUCCESS {
        return Ok(status);
    }
    say(is_quiet, &["uploading again".to_owned()]);
    let (again, summary) = upload(files, schema, base, is_quiet).await?;
    output::failures(&again.failures, hints);
    say(is_quiet, &summary);
    if again.ok && again.cursor == first.cursor {
        let mutations = counted(again.stats.run.mutations, "mutation");
        let cursor = again.cursor;
        say(
            is_quiet,
            &[format!("the server's sequence is {cursor} as before: it deduplicated all {mutations}")],
        );
        return Ok(exit::SUCCESS);
    }
    output::error(&format!("the server's sequence went from {} to {}", first.cursor, again.cursor));
    Ok(exit::REJECTED)
}

/// Uploads; returns the outcome, and the lines that say what was done.
async fn upload(
    files: &Files,
    schema: &Schema,
    base: &str,
    is_quiet: bool,
) -> Result<(Outcome, Vec<String>), Failure> {
    let database = Database::open(&files.database)?;
    let remote = Remote::new(&RemoteConfig::new(base))?;
    let look = Look { mode: ProgressMode::default(), interval: DEFAULT_INTERVAL, is_quiet };
    let progress = Progress::new(look);
    let outcome = Upload::new(database, remote, schema.clone()).observer(&progress).run().await;
    let summary = output::summary(&outcome, &progress.end());
    Ok((outcome, summary))
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
