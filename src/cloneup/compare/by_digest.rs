//! A comparison by digests (extension `sync.digest`, contract 3.8): the digests of the buckets of all
//! tables, then the items of the buckets that differ. What is sent grows with the number of differences.
//!
//! Memory: 1 MiB of bucket digests for a large table on each side, and an answer of up to 64 MiB; items are
//! in temporary files.

use std::sync::Arc;

use super::buckets::{bits, buckets_in_request, divided, finer, groups, is_worth_refining};
use super::comparing::{Differences, Question};
use super::difference::TableCounts;
use super::digest_client::{DigestClient, NoAnswer};
use super::local_items::{LocalItems, Watch, read};
use super::server_buckets::{KeepError, keep};
use super::table::Table;
use super::table_comparison::TableComparison;
use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::{DIGEST_PATH, Failure};
use crate::cloneup::reports::blocking_with_reports;
use crate::offline::{OfflineError, ServerItems, Snapshot};
use crate::protocol::{BucketsRequest, DigestRequest, DigestTable, TableDigests};

/// A comparison by digests.
pub(super) struct ByDigest<'a> {
    pub(super) client: DigestClient<'a>,
    pub(super) client_id: &'a str,
    /// The largest body that the server takes, in bytes.
    pub(super) max_body: Option<u64>,
    pub(super) question: &'a Arc<Question>,
}

/// Both sides of a table.
struct BothSides {
    index: usize,
    local: LocalItems,
    server: TableDigests,
    /// The bits of the server's digests.
    bits: u8,
}

impl ByDigest<'_> {
    /// Compares, and adds what differs. The snapshot comes back in any case.
    pub(super) async fn compare(
        &self,
        snapshot: Snapshot,
        differences: &mut Differences,
    ) -> (Result<(), NoAnswer>, Snapshot) {
        let (rows, snapshot) = self.count(snapshot).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return (Err(NoAnswer::Failed(error.into())), snapshot),
        };
        let bits: Vec<_> = rows.iter().map(|rows| bits(*rows)).collect();
        // The server reads its items while the database is read.
        let stop = self.client.cancellation.child_token();
        let reading = self.read(snapshot, bits.clone(), rows.iter().sum(), stop.clone());
        let asking = async {
            let asked = self.table_digests(&bits, differences).await;
            // Nothing is to be learned of the database any more.
            if asked.as_ref().map_or(true, |server| self.has_nothing(server)) {
                stop.cancel();
            }
            asked
        };
        let ((local, snapshot), server) = tokio::join!(reading, asking);
        let compared = match (local, server) {
            (_, Err(error)) => Err(error),
            (_, Ok(server)) if self.has_nothing(&server) => {
                differences.tables = self.all_missing(&rows);
                differences.whole.extend(differences.tables.iter().map(|table| table.name.clone()));
                Ok(())
            }
            (Err(error), _) => Err(NoAnswer::Failed(error.into())),
            (Ok(local), Ok(server)) => self.compare_tables(local, server, &bits, differences).await,
        };
        (compared, snapshot)
    }

    /// Whether the server has nothing of any table, and the rows that it lacks are not listed.
    fn has_nothing(&self, server: &[Option<TableDigests>]) -> bool {
        let is_empty = |table: &Option<TableDigests>| {
            table.as_ref().is_some_and(|table| {
                table.count == 0 && table.digests.iter().all(|digest| *digest == [0; 16])
            })
        };
        !self.question.lists_missing && server.iter().all(is_empty)
    }

    /// The counts where the server has nothing.
    fn all_missing(&self, rows: &[u64]) -> Vec<TableCounts> {
        let counts = |(table, rows): (&Table, &u64)| TableCounts {
            name: table.name().to_owned(),
            local: *rows,
            missing: *rows,
            ..TableCounts::default()
        };
        self.question.tables.iter().zip(rows).map(counts).collect()
    }

    /// The number of local rows of each table.
    async fn count(&self, snapshot: Snapshot) -> (Result<Vec<u64>, OfflineError>, Snapshot) {
        let question = Arc::clone(self.question);
        blocking(move || {
            let counts = question.tables.iter().map(|table| table.count(&snapshot)).collect();
            (counts, snapshot)
        })
        .await
    }

    /// Reads all tables, until `stop` is cancelled.
    async fn read(
        &self,
        snapshot: Snapshot,
        bits: Vec<u8>,
        total: u64,
        stop: tokio_util::sync::CancellationToken,
    ) -> (Result<Vec<LocalItems>, OfflineError>, Snapshot) {
        let question = Arc::clone(self.question);
        blocking_with_reports(
            move |reports| {
                let report = |compared| reports.send(compared);
                let watch = Watch::new(&stop, &report, total);
                let read_table = |(table, bits): (&Table, &u8)| read(table, finer(*bits), &snapshot, &watch);
                let items = question.tables.iter().zip(&bits).map(read_table).collect();
                (items, snapshot)
            },
            |compared| compared.tell(self.client.observer),
        )
        .await
    }

    /// The server's digests of all tables.
    async fn table_digests(
        &self,
        bits: &[u8],
        differences: &mut Differences,
    ) -> Result<Vec<Option<TableDigests>>, NoAnswer> {
        let tables = &self.question.tables;
        let mut all: Vec<_> = tables.iter().map(|_| None).collect();
        for (bits, indexes) in groups(bits) {
            let asked = indexes.iter().map(|index| digest_table(&tables[*index])).collect();
            let request = DigestRequest { client_id: self.client_id.to_owned(), bits, tables: asked };
            let mut answer = self.client.ask(&request).await?;
            differences.cursors.see(&answer.cursor);
            for index in indexes {
                all[index] = answer.tables.remove(tables[index].name());
            }
        }
        Ok(all)
    }

    async fn compare_tables(
        &self,
        local: Vec<LocalItems>,
        server: Vec<Option<TableDigests>>,
        bits: &[u8],
        differences: &mut Differences,
    ) -> Result<(), NoAnswer> {
        for (index, (local, server)) in local.into_iter().zip(server).enumerate() {
            let server = server.ok_or_else(|| broken("the server's digests lack a table".to_owned()))?;
            let sides = BothSides { index, local, server, bits: bits[index] };
            let counts = self.compare_table(sides, differences).await?;
            differences.tables.push(counts);
        }
        Ok(())
    }

    async fn compare_table(
        &self,
        sides: BothSides,
        differences: &mut Differences,
    ) -> Result<TableCounts, NoAnswer> {
        let table = &self.question.tables[sides.index];
        let (local, server) = (sides.local.digests.count(), sides.server.count);
        let counts = TableCounts { name: table.name().to_owned(), local, server, ..TableCounts::default() };
        let differing = sides.differing();
        if differing.is_empty() {
            if local == server {
                return Ok(counts);
            }
            let message = format!(
                "the server's digests of {} are those of {local} items, and it counts {server}",
                counts.name
            );
            return Err(broken(message));
        }
        if server == 0 {
            if sides.server.digests.iter().any(|digest| *digest != [0; 16]) {
                return Err(broken(format!("the server has digests of {} and counts no items", counts.name)));
            }
            if !self.question.lists_missing {
                differences.whole.insert(counts.name.clone());
                return Ok(TableCounts { missing: local, ..counts });
            }
        }
        let (sides, differing) = self.refined(sides, differing, differences).await?;
        let server_items = ServerItems::new().map_err(|error| NoAnswer::Failed(error.into()))?;
        let server_items = self.items(&sides, &differing, server_items, differences).await?;
        self.compare_items(sides, differing, server_items, counts, differences).await
    }

    /// Asks for the digests of finer buckets, where many small differences are scattered.
    async fn refined(
        &self,
        sides: BothSides,
        differing: Vec<u32>,
        differences: &mut Differences,
    ) -> Result<(BothSides, Vec<u32>), NoAnswer> {
        let items = sides.server.count.max(sides.local.digests.count());
        if !is_worth_refining(differing.len(), sides.bits, items) {
            return Ok((sides, differing));
        }
        let (table, bits) = (&self.question.tables[sides.index], finer(sides.bits));
        let tables = vec![digest_table(table)];
        let request = DigestRequest { client_id: self.client_id.to_owned(), bits, tables };
        let mut answer = self.client.ask(&request).await?;
        differences.cursors.see(&answer.cursor);
        let server = answer.tables.remove(table.name());
        let server = server.ok_or_else(|| broken("the server's digests lack a table".to_owned()))?;
        let sides = BothSides { server, bits, ..sides };
        let differing = sides.differing();
        Ok((sides, differing))
    }

    /// The server's items in the buckets that differ.
    async fn items(
        &self,
        sides: &BothSides,
        differing: &[u32],
        mut server: ServerItems,
        differences: &mut Differences,
    ) -> Result<ServerItems, NoAnswer> {
        let table = &self.question.tables[sides.index];
        // A bucket of few local rows can have many of the server's items: smaller ones are asked for.
        let bits = sides.bits.max(bits(sides.server.count));
        let differing = divided(differing, bits - sides.bits);
        let at_a_time = buckets_in_request(bits, sides.server.count, self.max_body);
        let is_join_store = table.is_join_store();
        let mut left = differing.as_slice();
        // Nothing is to be learned of buckets in which the server has nothing.
        while !left.is_empty() && sides.server.count > 0 {
            let request = BucketsRequest {
                client_id: self.client_id.to_owned(),
                bits,
                table: digest_table(table),
                buckets: left[..left.len().min(at_a_time)].to_vec(),
            };
            let answer = self.client.ask(&request).await?;
            differences.cursors.see(&answer.cursor);
            left = &left[answer.answered..];
            let (returned, kept) = blocking(move || {
                let kept = keep(&server, &request, is_join_store, &answer);
                (server, kept)
            })
            .await;
            server = returned;
            kept.map_err(|error| match error {
                KeepError::Broken(message) => broken(message),
                KeepError::Offline(error) => NoAnswer::Failed(error.into()),
            })?;
        }
        Ok(server)
    }

    /// Compares the local items in the buckets that differ with the server's.
    async fn compare_items(
        &self,
        sides: BothSides,
        differing: Vec<u32>,
        server: ServerItems,
        counts: TableCounts,
        differences: &mut Differences,
    ) -> Result<TableCounts, NoAnswer> {
        let (question, found) = (Arc::clone(self.question), Arc::clone(&differences.found));
        let BothSides { index, local, bits, .. } = sides;
        let compared = blocking(move || {
            let mut is_differing = vec![false; 1 << bits];
            for bucket in differing {
                is_differing[bucket as usize] = true;
            }
            let (table, counted) = (&question.tables[index], &question.counted);
            let mut comparison = TableComparison { table, counted, server: &server, found: &found, counts };
            for mut file in local.files {
                file.for_each(|item| {
                    if !is_differing[item.bucket(bits)] {
                        return Ok(());
                    }
                    comparison.local(item.key, item.content)
                })?;
            }
            comparison.finish()
        });
        compared.await.map_err(|error: OfflineError| NoAnswer::Failed(error.into()))
    }
}

impl BothSides {
    /// The numbers of the buckets that differ.
    fn differing(&self) -> Vec<u32> {
        let local = self.local.digests.folded(self.bits);
        let pairs = (0..).zip(local.buckets().iter().zip(&self.server.digests));
        pairs.filter(|(_, (local, server))| local != server).map(|(number, _)| number).collect()
    }
}

fn digest_table(table: &Table) -> DigestTable {
    // Only these are compared, whatever else the server's schema has.
    let fields = table.fields().into_iter().map(str::to_owned).collect();
    DigestTable { name: table.name().to_owned(), fields: Some(fields) }
}

fn broken(message: String) -> NoAnswer {
    NoAnswer::Failed(Failure::broken_protocol(message, DIGEST_PATH))
}
