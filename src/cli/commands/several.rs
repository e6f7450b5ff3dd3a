//! What the uploads of several databases and their dry run begin and end with: settings, HTTP client,
//! schema, and the highest exit status. The uploads are in [`super::cloneup_several`], the dry run is in
//! [`super::dry_run_several`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ArgMatches;

use super::client;
use crate::cli::args::CloneupArgs;
use crate::cli::error_file::Rejected;
use crate::cli::exit;
use crate::cli::resolve::{self, SeveralSettings};
use crate::cloneup::{Failure, FailureKind, Failures, Source};
use crate::offline::Database;
use crate::remote::Remote;
use crate::schema::Schema;

/// What is uploaded, and how.
pub(super) struct Ready {
    pub(super) settings: SeveralSettings,
    pub(super) remote: Remote,
    /// The schema of all, if one is named.
    pub(super) schema: Option<Arc<Schema>>,
}

/// Everything that the uploads need, but the databases: they are opened one by one.
pub(super) fn prepare(args: &CloneupArgs, matches: &ArgMatches) -> Result<Ready, Failures> {
    let settings = resolve::uploads(args, matches)?;
    let remote = client::connect(&settings.settings, args.verbosity.quiet)?;
    let file = args.target.schema.as_deref().filter(|path| !path.as_os_str().is_empty());
    let schema = file.map(|file| resolve::schema(Some(file), || Ok(None)).map(Arc::new)).transpose()?;
    Ok(Ready { settings, remote, schema })
}

/// Opens a database with the schema of all, or with its own, which is parsed once where it is the same as
/// that of the database before.
pub(super) fn opener(
    schema: Option<Arc<Schema>>,
    only: Option<Rejected>,
) -> impl Fn(&Path) -> Result<Source, Failures> + Send + Sync {
    let last = Mutex::new(None::<(String, Arc<Schema>)>);
    let stored = move |database: &Database| {
        let text = database.stored_schema()?;
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some((known, schema)), Some(text)) = (&*last, &text)
            && known == text
        {
            return Ok::<_, Failure>(Arc::clone(schema));
        }
        let schema = Arc::new(resolve::schema(None, || Ok(text.clone()))?);
        *last = text.map(|text| (text, Arc::clone(&schema)));
        Ok(schema)
    };
    move |path| {
        let database = Database::open(path)?;
        let schema = schema.as_ref().map_or_else(|| stored(&database), |schema| Ok(Arc::clone(schema)))?;
        Ok(Source { database, schema, only: only.as_ref().map(|only| only.of(path)) })
    }
}

/// The highest exit status of several databases.
pub(super) fn highest(kinds: impl Iterator<Item = FailureKind>, signal: u8) -> u8 {
    kinds.map(|kind| exit::status(Some(kind), signal)).max().unwrap_or(exit::SUCCESS)
}
