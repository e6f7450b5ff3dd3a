//! A dry run of many uploads: the server is checked once, then each database has a plan. The plan of one
//! database is [`crate::cloneup::Preview`].

use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::outcome::as_text;
use super::source::Source;
use super::uploads::{Uploads, open};
use crate::cloneup::failure::{Failure, FailureKind, Failures, most_severe};
use crate::cloneup::options::Options;
use crate::cloneup::outcome::as_mutation_errors;
use crate::cloneup::preview::{Preview, wait_and_check};
use crate::cloneup::run::Upload;
use crate::cloneup::server_check::{Checked, ServerCheck};

/// What the uploads of many databases would do. Its JSON is what stdout carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DatabasesPreview {
    /// Whether all of them could begin.
    pub ok: bool,
    /// Always true: distinguishes this result from that of uploads.
    pub dry_run: bool,
    /// In the order in which they were given.
    pub databases: Vec<DatabasePreview>,
    /// The server's state.
    pub server: ServerCheck,
    /// Warnings about the server, for a person.
    pub warnings: Vec<String>,
    /// Why no upload could begin; `errors` in the JSON. What is wrong with a database is in its own plan.
    #[serde(rename = "errors", serialize_with = "as_mutation_errors")]
    pub failures: Vec<Failure>,
}

/// What the upload of a database would do.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct DatabasePreview {
    /// The path of the database, as it was given.
    #[serde(rename = "db", serialize_with = "as_text")]
    pub path: PathBuf,
    /// Its plan.
    #[serde(flatten)]
    pub preview: Preview,
}

impl DatabasesPreview {
    /// The kinds of the most severe failures, of the server and of each database; empty when all uploads
    /// could begin.
    pub fn failure_kinds(&self) -> impl Iterator<Item = FailureKind> {
        let databases = self.databases.iter().filter_map(|database| database.preview.failure_kind());
        databases.chain(most_severe(&self.failures))
    }
}

impl Uploads<'_> {
    /// A dry run: plans all uploads. Nothing is uploaded or stored.
    pub async fn preview(self) -> DatabasesPreview {
        let mut checked = wait_and_check(&self.remote, &self.options, &(), &self.cancellation).await;
        let (failures, warnings): (Vec<_>, Vec<_>) =
            (checked.failure.take().into_iter().collect(), checked.warning.take().into_iter().collect());
        let (paths, server, this) = (self.results.paths(), checked.server, &self);
        let plans = stream::iter(paths.iter().enumerate()).map(|(index, path)| {
            let checked = checked.clone();
            async move { this.plan(index, path, checked).await }
        });
        let databases: Vec<_> = plans.buffered(self.jobs.get()).collect().await;
        let ok = failures.is_empty() && databases.iter().all(|database| database.preview.ok);
        DatabasesPreview { ok, dry_run: true, databases, server, warnings, failures }
    }

    async fn plan(&self, index: usize, path: &Path, checked: Checked) -> DatabasePreview {
        let observer = self.observer.begin(index);
        let preview = match open(&self.open, path).await {
            Ok(Source { database, schema, only }) => {
                let options = Options { only: only.or(self.options.only.clone()), ..(*self.options).clone() };
                let upload = Upload::of(database, self.remote.clone(), schema, options.into());
                upload.observer(&*observer).preview_for(checked).await
            }
            Err(Failures(failures)) => Preview::failed(self.options.stage, checked.server, failures),
        };
        DatabasePreview { path: path.to_owned(), preview }
    }
}
