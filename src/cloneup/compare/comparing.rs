//! A comparison of both sides from a snapshot to the differences: by digests where the server has them,
//! otherwise by its feed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::by_digest::ByDigest;
use super::by_feed::Feed;
use super::difference::TableCounts;
use super::digest_client::{DigestClient, NoAnswer};
use super::local_items::Watch;
use super::table::{CountedRows, Table};
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::Failure;
use crate::cloneup::finish::page_limit::PageLimit;
use crate::cloneup::finish::pull::{Page, Puller};
use crate::cloneup::observer::{Activity, Event, Observer};
use crate::cloneup::options::Options;
use crate::cloneup::reports::blocking_with_reports;
use crate::cloneup::send::gate::RequestGate;
use crate::offline::{FoundItems, OfflineError, Snapshot};
use crate::protocol::{Cursor, PageEnd, PullAnswer, PullRequest, ServerStatus, status};
use crate::remote::Remote;

/// What is compared.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) tables: Vec<Table>,
    pub(crate) counted: CountedRows,
    /// Whether every row is listed of a table that the server has nothing of.
    pub(crate) lists_missing: bool,
}

/// What differs.
#[derive(Debug)]
pub(crate) struct Differences {
    /// By resource in upload order, then by join store.
    pub(crate) tables: Vec<TableCounts>,
    pub(crate) found: Arc<FoundItems>,
    /// The names of tables that the server has nothing of, where their rows are not listed.
    pub(crate) whole: HashSet<String>,
    /// The server's sequence while it was compared.
    pub(crate) cursors: SeenCursors,
    /// Whether the server was compared by digests.
    pub(crate) is_by_digests: bool,
}

/// The places of the server's sequence in the answers of a comparison.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeenCursors {
    pub(crate) lowest: Option<Cursor>,
    pub(crate) highest: Option<Cursor>,
}

impl SeenCursors {
    pub(super) fn see(&mut self, cursor: &Cursor) {
        if self.lowest.as_ref().is_none_or(|lowest| cursor < lowest) {
            self.lowest = Some(cursor.clone());
        }
        if self.highest.as_ref().is_none_or(|highest| cursor > highest) {
            self.highest = Some(cursor.clone());
        }
    }
}

/// Compares a server with a snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Comparing<'a> {
    pub(crate) remote: &'a Remote,
    /// The server's status; empty for a server without that route.
    pub(crate) server: &'a ServerStatus,
    pub(crate) options: &'a Options,
    pub(crate) client_id: &'a str,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) cancellation: &'a CancellationToken,
    /// The gate of an upload, whose other requests count together with those of the comparison.
    pub(crate) gate: Option<&'a RequestGate>,
}

impl Comparing<'_> {
    /// Compares, and gives the snapshot back.
    pub(crate) async fn compare(
        &self,
        question: &Arc<Question>,
        mut snapshot: Snapshot,
    ) -> Result<(Differences, Snapshot), Failure> {
        let mut differences = Differences::new()?;
        if self.server.has(status::DIGEST) {
            self.observer.on(&Event::Activity(Activity::Comparing));
            let by_digest = ByDigest {
                client: self.digest_client(),
                client_id: self.client_id,
                max_body: self.server.limits.body_bytes(),
                question,
            };
            let (compared, returned) = by_digest.compare(snapshot, &mut differences).await;
            match compared {
                Ok(()) => return Ok((differences, returned)),
                Err(NoAnswer::Failed(failure)) => return Err(failure),
                Err(NoAnswer::Refused(why)) => {
                    let message =
                        format!("the server does not compare by digests, so its feed is read: {why}");
                    self.observer.on(&Event::Warning(&message));
                }
            }
            (differences, snapshot) = (Differences::new()?, returned);
        }
        differences.is_by_digests = false;
        self.by_feed(question, snapshot, differences).await
    }

    pub(super) fn digest_client(&self) -> DigestClient<'_> {
        DigestClient {
            remote: self.remote,
            encoding: self.remote.compression().choose(self.server),
            max_retries: self.options.max_retries,
            observer: self.observer,
            cancellation: self.cancellation,
            gate: self.gate,
        }
    }

    async fn by_feed(
        &self,
        question: &Arc<Question>,
        snapshot: Snapshot,
        mut differences: Differences,
    ) -> Result<(Differences, Snapshot), Failure> {
        self.observer.on(&Event::Verifying);
        let mut feed = Feed::new(&question.tables)?;
        // The feed says how far it goes only where it has changes.
        let mut cursor = self.server.cursor.clone().unwrap_or_else(Cursor::zero);
        let mut pages = FeedPages::new(self);
        while let Some(answer) = pages.next().await? {
            cursor = cursor.max(highest(&answer));
            let changes = answer.len() as u64;
            let (returned, added) = blocking(move || {
                let added = feed.add_page(&answer);
                (feed, added)
            })
            .await;
            feed = returned;
            added?;
            self.observer.on(&Event::Pulled { changes, cursor: None });
        }
        differences.cursors.see(&cursor);
        self.observer.on(&Event::Activity(Activity::Comparing));
        let (cancellation, question) = (self.cancellation.clone(), Arc::clone(question));
        let found = Arc::clone(&differences.found);
        let compared = blocking_with_reports(
            move |reports| {
                let total =
                    question.tables.iter().map(|table| table.count(&snapshot)).sum::<Result<u64, _>>()?;
                let report = |compared| reports.send(compared);
                let watch = Watch::new(&cancellation, &report, total);
                let counts = feed.compare(&question.tables, &question.counted, &snapshot, &found, &watch)?;
                Ok::<_, OfflineError>((counts, snapshot))
            },
            |compared| compared.tell(self.observer),
        );
        let (counts, snapshot) = compared.await?;
        differences.tables = counts;
        Ok((differences, snapshot))
    }
}

impl Differences {
    fn new() -> Result<Self, OfflineError> {
        Ok(Self {
            tables: Vec::new(),
            found: Arc::new(FoundItems::new()?),
            whole: HashSet::new(),
            cursors: SeenCursors::default(),
            is_by_digests: true,
        })
    }
}

/// The highest place of the server's sequence that a page names.
fn highest(page: &PullAnswer) -> Cursor {
    let highest = match &page.end {
        PageEnd::Feed { next, last, .. } => next.as_ref().max(last.as_ref()),
        PageEnd::Tables { cursors, .. } => cursors.values().max(),
    };
    highest.cloned().unwrap_or_else(Cursor::zero)
}

/// All pages of the server's feed, from its beginning.
pub(super) struct FeedPages<'a> {
    puller: Puller<'a>,
    request: PullRequest,
    is_over: bool,
}

impl<'a> FeedPages<'a> {
    pub(super) fn new(comparing: &Comparing<'a>) -> Self {
        let Comparing { remote, options, observer, cancellation, gate, .. } = *comparing;
        let limit = PageLimit::at_most(options.pull_limit.get(), comparing.server.limits.max_limit);
        let puller = Puller { remote, max_retries: options.max_retries, observer, cancellation, gate, limit };
        let request = PullRequest {
            client_id: comparing.client_id.to_owned(),
            cursor: Cursor::zero(),
            limit: limit.get(),
            cursors: BTreeMap::new(),
            exclude_own_after: None,
            started_at: None,
        };
        Self { puller, request, is_over: false }
    }

    /// The next page; `None` after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<PullAnswer>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        self.puller.observer.on(&Event::Activity(Activity::AwaitingAnswers));
        let Page { answer, is_last } = self.puller.next(&mut self.request).await?;
        self.is_over = is_last;
        Ok(Some(answer))
    }
}
