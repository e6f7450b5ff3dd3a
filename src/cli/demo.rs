//! `synctool demo`: a whole upload on one machine, with data and a server of its own.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::args::{DemoArgs, Output};
use super::output::Hints;
use super::progress::Progress;
use super::{exit, output};
use crate::cloneup::{Outcome, Upload};
use crate::offline::{Database, sample};
use crate::remote::{Remote, RemoteConfig};
use crate::schema::Schema;
use crate::server::{Limits, ServerConfig, ServerState, serve};

/// The files of a demonstration.
struct Files {
    database: PathBuf,
    schema: PathBuf,
    server: PathBuf,
}

/// Runs the subcommand.
pub(super) fn run(args: &DemoArgs) -> u8 {
    output::start_diagnostics(args.verbosity.quiet, args.verbosity.verbose);
    match demonstrate(args) {
        Ok(status) => status,
        Err(error) => {
            output::error(&format!("{error:#}"));
            exit::STORAGE
        }
    }
}

fn demonstrate(args: &DemoArgs) -> anyhow::Result<u8> {
    let folder = new_folder(args.dir.as_deref())?;
    let files = Files {
        database: folder.join("app.db"),
        schema: folder.join("schema.json"),
        server: folder.join("server.db"),
    };
    let progress = Progress::new(args.verbosity.quiet);
    progress.say(&format!("making an offline database in {}", folder.display()));
    sample::write(&files.database)?;
    std::fs::write(&files.schema, sample::schema())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(show(&files, &progress, args))
}

/// Serves, uploads, and uploads again.
async fn show(files: &Files, progress: &Progress, args: &DemoArgs) -> anyhow::Result<u8> {
    let schema = Schema::parse(&sample::schema())?;
    let state = ServerState::open(ServerConfig {
        schema: schema.clone(),
        data: files.server.clone(),
        token: None,
        limits: Limits::default(),
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}/datafn", listener.local_addr()?);
    let (stop_server, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(
        listener,
        async {
            // A sender that is gone means the same as a message.
            let _ = stopped.await;
        },
        state,
    ));

    progress.say(&format!("uploading to {base}"));
    let first = upload(files, &schema, &base, progress).await?;
    output::result(&first, Output::Auto);
    output::failures(&first.failures, Hints::Told);
    let mut status = exit::status(first.failure_kind(), super::signals::SIGINT);
    if first.ok {
        progress.say("uploading once more");
        let again = upload(files, &schema, &base, progress).await?;
        output::failures(&again.failures, Hints::Told);
        if again.ok && again.cursor == first.cursor {
            progress.say(&format!(
                "the server's sequence is {} as before: it deduplicated all {} mutations",
                again.cursor,
                mutations(&again)
            ));
        } else {
            output::error(&format!("the server's sequence went from {} to {}", first.cursor, again.cursor));
            status = exit::REJECTED;
        }
    }
    drop(stop_server);
    server.await?;
    if !args.verbosity.quiet {
        say_how_to_go_on(files);
    }
    Ok(status)
}

async fn upload(files: &Files, schema: &Schema, base: &str, progress: &Progress) -> anyhow::Result<Outcome> {
    let database = Database::open(&files.database)?;
    let remote = Remote::new(&RemoteConfig::new(base))?;
    let outcome = Upload::new(database, remote, schema.clone()).observer(progress).run().await;
    progress.finish(&outcome);
    Ok(outcome)
}

fn mutations(outcome: &Outcome) -> u64 {
    let stats = &outcome.stats;
    let records: u64 = stats.resources.iter().map(|(_, stats)| stats.mutations).sum();
    let join_rows: u64 = stats.join_stores.values().map(|stats| stats.mutations).sum();
    records + join_rows
}

fn say_how_to_go_on(files: &Files) {
    let [database, schema, server] = [&files.database, &files.schema, &files.server].map(|path| quoted(path));
    output::line("\nThe files are still there. To serve them, and to upload again:");
    output::line(&format!("  synctool serve --schema {schema} --data {server}"));
    output::line(&format!(
        "  synctool cloneup --db {database} --schema {schema} --remote http://127.0.0.1:4400/datafn"
    ));
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A folder that was not there before.
fn new_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = given {
        std::fs::create_dir(folder).map_err(|error| {
            let hint = if error.kind() == io::ErrorKind::AlreadyExists { "; name a new folder" } else { "" };
            anyhow::anyhow!("cannot make {}: {error}{hint}", folder.display())
        })?;
        return Ok(folder.to_owned());
    }
    // The files are meant to stay, so the folder is not removed at the end.
    Ok(tempfile::Builder::new().prefix("synctool-demo-").tempdir()?.keep())
}
