//! The sending side: keeps requests in flight, up to the limit and across no barrier, and
//! gives every answer to the tally (contract 3.1, stages A to C).

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use crate::cloneup::encode::batch::Batch;
use crate::cloneup::encode::compression::RequestEncoding;
use crate::cloneup::encode::encoder::{Encoder, EncoderSettings, SendItem};
use crate::cloneup::encode::limits::BatchLimits;
use crate::cloneup::encode::reader::{CHUNKS_AHEAD, Reader};
use crate::cloneup::observer::Event;
use crate::cloneup::plan::make::Plan;
use crate::cloneup::progress::checkpoint::{Checkpoint, CheckpointWriter};
use crate::cloneup::progress::tally::Tally;
use crate::cloneup::run::Job;
use crate::cloneup::send::batch_sender::{BatchSender, Delivery};
use crate::cloneup::send::gate::RequestGate;
use crate::cloneup::stop::stop_channel;
use crate::failpoint;
use crate::offline::{OfflineError, Snapshot};
use crate::protocol::Cursor;

/// How many batches wait between encoding and sending: enough that the encoder is not woken
/// for each, few enough that a large batch size stays small in memory.
const BATCHES_AHEAD: usize = 8;

/// Uploads everything in the plan, behind what an earlier run has come to; or from the
/// beginning, when that does not hold any more.
pub(crate) async fn upload(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    mut snapshot: Snapshot,
    earlier: Option<Checkpoint>,
    checkpoints: &mut CheckpointWriter,
    tally: &mut Tally<'_>,
) {
    let (again, returned) = attempt(job, plan, snapshot, earlier, checkpoints, tally).await;
    if again {
        snapshot = returned;
        checkpoints.start_over(job.beginning());
        tally.start_over();
        job.observer.on(&Event::Planned { parts: &plan.outline() });
        attempt(job, plan, snapshot, None, checkpoints, tally).await;
    }
}

/// One way through the plan; returns whether it has to be gone again, and the snapshot.
async fn attempt(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    snapshot: Snapshot,
    skip: Option<Checkpoint>,
    checkpoints: &mut CheckpointWriter,
    tally: &mut Tally<'_>,
) -> (bool, Snapshot) {
    let limits = Arc::new(BatchLimits::new(&job.options, &job.server.limits));
    let earlier = skip.as_ref().map(|checkpoint| (checkpoint.requests, checkpoint.cursor.clone()));
    let (sender, items) = mpsc::channel(BATCHES_AHEAD);
    let request_encoding = Arc::new(RequestEncoding::new(job.remote.compression().choose(&job.server)));
    let settings = EncoderSettings {
        limits: Arc::clone(&limits),
        request_encoding: Arc::clone(&request_encoding),
        skip,
    };
    let interrupt = snapshot.interrupter();
    let reading = read_and_encode(job, plan, snapshot, settings, sender);
    tokio::pin!(reading);
    let (halt, halted) = stop_channel();
    let batch_sender = BatchSender {
        remote: job.remote,
        backoff: job.remote.backoff(job.options.max_retries()),
        fail_fast: job.options.fail_fast,
        observer: job.observer,
        limits,
        gate: RequestGate::new(job.options.concurrency),
        request_encoding,
        foreign: 0.into(),
        halt,
        halted,
    };
    let level = batch_sender.gate.level();
    job.observer.on(&Event::Level { level, why: "this is where a run begins" });
    let sender = UploadLoop { job, batch_sender: &batch_sender, checkpoints, tally, earlier };
    let sending = sender.run(items);
    tokio::pin!(sending);
    let mut snapshot = None;
    let is_changed = loop {
        tokio::select! {
            is_changed = &mut sending => break is_changed,
            read = &mut reading, if snapshot.is_none() => snapshot = Some(read),
        }
    };
    let snapshot = match snapshot {
        Some(snapshot) => snapshot,
        // Nobody takes what is read any more. Only a snapshot that is not read again may be broken
        // off: what was being written beside it, as depths are, ends its transaction.
        None if is_changed => reading.await,
        None => crate::cloneup::blocking::break_off(reading, interrupt).await,
    };
    (is_changed, snapshot)
}

/// Reads and encodes on threads of their own, until everything is or nobody wants it; gives the
/// snapshot back.
async fn read_and_encode(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    snapshot: Snapshot,
    settings: EncoderSettings,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
) -> Snapshot {
    let (plan, options, schema) = (Arc::clone(plan), Arc::clone(&job.options), Arc::clone(&job.schema));
    let client_id = job.client_id.clone();
    crate::cloneup::blocking::blocking(move || {
        let (sender, reads) = std::sync::mpsc::sync_channel(CHUNKS_AHEAD);
        let (returned, emptied) = std::sync::mpsc::sync_channel(CHUNKS_AHEAD);
        std::thread::scope(|scope| {
            let encoder = Encoder::new(&plan, &options, &schema, &client_id, settings, items);
            scope.spawn(move || encoder.run(&reads, &returned));
            let (plan, options, schema, snapshot) = (&*plan, &*options, &*schema, &snapshot);
            Reader { plan, options, schema, snapshot, reads: sender, emptied }.run();
        });
        snapshot
    })
    .await
}

/// The sending side's state.
struct UploadLoop<'s, 'p> {
    job: &'s Job<'s>,
    batch_sender: &'s BatchSender<'s>,
    checkpoints: &'s mut CheckpointWriter,
    tally: &'s mut Tally<'p>,
    /// Requests and cursor of the prefix that is being skipped.
    earlier: Option<(u64, Cursor)>,
}

impl UploadLoop<'_, '_> {
    /// Sends everything that is read; returns whether the earlier run's prefix does not hold.
    async fn run(mut self, mut items: mpsc::Receiver<Result<SendItem, OfflineError>>) -> bool {
        let mut in_flight = FuturesUnordered::new();
        let mut window = Window::default();
        // A barrier that was read and has not been position by all answers yet.
        let mut barrier: Option<SendItem> = None;
        let mut is_reading = true;
        loop {
            let is_halted = self.batch_sender.halted.is_requested();
            if in_flight.is_empty()
                && !is_halted
                && let Some(item) = barrier.take()
                && !self.pass(item).await
            {
                return true;
            }
            if in_flight.is_empty() && (is_halted || !is_reading) {
                return false;
            }
            let level = self.batch_sender.gate.level();
            let has_room = in_flight.len() < level && window.has_room(level);
            tokio::select! {
                Some(delivery) = in_flight.next(), if !in_flight.is_empty() => {
                    let delivery: Delivery = delivery;
                    window.close(delivery.sequence);
                    self.take_in(delivery);
                }
                item = items.recv(), if is_reading && !is_halted && barrier.is_none() && has_room => match item {
                    Some(Ok(SendItem::Batch(batch))) => {
                        window.open(batch.sequence);
                        in_flight.push(self.batch_sender.deliver(batch));
                    }
                    Some(Ok(other)) => barrier = Some(other),
                    Some(Err(error)) => {
                        self.tally.fail_offline(&error);
                        self.batch_sender.halt.stop();
                    }
                    None => is_reading = false,
                },
                () = self.job.stop.requested(), if !is_halted => {
                    self.tally.cancel();
                    self.batch_sender.halt.stop();
                }
            }
        }
    }

    /// Everything before is answered; returns whether the upload can go on.
    async fn pass(&mut self, item: SendItem) -> bool {
        match item {
            SendItem::Part(part) => {
                self.tally.start(part);
                self.job.observer.on(&Event::PartStarted { part });
            }
            SendItem::Skipped(part, mutations, rows) => {
                self.tally.add_skipped(part, mutations, rows);
                self.job.observer.on(&Event::Answered { part, rows, bytes: 0, requests: 0 });
            }
            SendItem::Probe(batch) => return self.probe(batch).await,
            SendItem::Changed => return false,
            SendItem::Barrier | SendItem::Batch(_) => {}
        }
        true
    }

    /// Sends the last acknowledged batch again: a server that stands where it stood answers
    /// with a cursor that is not lower. One that has no cursors cannot show it.
    async fn probe(&mut self, batch: Batch) -> bool {
        let Some((requests, cursor)) = self.earlier.take() else { return true };
        let delivering = self.batch_sender.deliver(batch);
        tokio::pin!(delivering);
        let delivery = tokio::select! {
            delivery = &mut delivering => delivery,
            () = self.job.stop.requested() => {
                self.tally.cancel();
                self.batch_sender.halt.stop();
                delivering.await
            }
        };
        let stands = delivery.cursor.as_ref().is_some_and(|answered| *answered >= cursor);
        // One that does not take what it took before does not stand there either.
        if delivery.is_decided() && !(delivery.is_acknowledged() && stands) {
            self.tally.add_requests(delivery.requests);
            return false;
        }
        self.checkpoints.continue_from(delivery.sequence + 1);
        self.tally.add_earlier(requests, cursor);
        observe(self.job, &delivery);
        self.tally.add(delivery);
        true
    }

    fn take_in(&mut self, delivery: Delivery) {
        failpoint::reach("answered");
        observe(self.job, &delivery);
        if let Some(warning) = self.checkpoints.note(&delivery) {
            self.job.observer.on(&Event::Warning(&warning));
        }
        failpoint::reach("checkpointed");
        self.tally.add(delivery);
    }
}

/// The batches in flight, by their places. What is sent is never further ahead of the oldest of
/// them than may be in flight, so that a checkpoint, which knows only of a prefix without gaps,
/// is never further behind what the server has acknowledged.
#[derive(Default)]
struct Window {
    open: BTreeSet<u64>,
    /// The place behind the last one that was opened.
    next: u64,
}

impl Window {
    fn has_room(&self, level: usize) -> bool {
        self.open.first().is_none_or(|oldest| self.next - oldest < level as u64)
    }

    fn open(&mut self, sequence: u64) {
        self.open.insert(sequence);
        self.next = sequence + 1;
    }

    fn close(&mut self, sequence: u64) {
        self.open.remove(&sequence);
    }
}

fn observe(job: &Job<'_>, delivery: &Delivery) {
    job.observer.on(&Event::Answered {
        part: delivery.part,
        rows: delivery.rows,
        bytes: delivery.bytes,
        requests: delivery.requests,
    });
}
