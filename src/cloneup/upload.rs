//! The upload loop: keeps requests in flight, up to the concurrency limit and across no barrier, and
//! gives every answer to the tally (contract 3.1, stages A to C). Reader and encoder run on other
//! threads; the bounded channels between them and this loop are the back-pressure. What one batch needs
//! is in [`super::send`].

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::blocking::{blocking, interrupt_until_done};
use super::encode::RowSource;
use super::encode::batch::Batch;
use super::encode::compression::RequestEncoding;
use super::encode::limits::BatchLimits;
use super::encode::pipeline::{BatchSettings, encoding_threads, read_and_encode};
use super::encode::send_item::SendItem;
use super::failure::Failure;
use super::job::Job;
use super::observer::{Activity, Event};
use super::plan::Plan;
use super::progress::CheckpointWriter;
use super::progress::checkpoint::Checkpoint;
use super::progress::tally::Tally;
use super::send::batch_sender::BatchSender;
use super::send::delivered::Delivered;
use super::send::unsent_errors::UnsentErrors;
use super::send::window::SlidingWindow;
use crate::failpoint;
use crate::offline::{OfflineError, Snapshot};
use crate::protocol::status;

/// The capacity of the channel from encoder to upload loop, in batches: enough that the encoder
/// is not woken for each, few enough that large batches take little memory.
const BATCHES_AHEAD: usize = 8;

/// Uploads everything in the plan after the prefix that an earlier run has uploaded, or from the
/// beginning when that prefix has changed.
pub(super) async fn upload(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    snapshot: Snapshot,
    earlier: Option<Checkpoint>,
    checkpoints: &mut CheckpointWriter,
    tally: &mut Tally<'_>,
) {
    let (ending, snapshot) = pass(job, plan, snapshot, earlier, checkpoints, tally).await;
    if ending == Ending::PrefixChanged {
        tally.start_over();
        job.observer.on(&Event::StartedOver);
        pass(job, plan, snapshot, None, checkpoints, tally).await;
    }
}

/// How a pass through the plan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Everything that may be sent is sent and answered.
    Done,
    /// The data or the server has changed since an earlier run was interrupted: the upload has to
    /// start over.
    PrefixChanged,
}

/// One pass through the plan; gives the snapshot back.
async fn pass(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    snapshot: Snapshot,
    earlier: Option<Checkpoint>,
    checkpoints: &mut CheckpointWriter,
    tally: &mut Tally<'_>,
) -> (Ending, Snapshot) {
    let limits =
        Arc::new(BatchLimits::new(&job.options, &job.server.limits, job.remote.pace().max_bandwidth()));
    let encoding = Arc::new(RequestEncoding::new(job.remote.compression().choose(&job.server)));
    let settings = BatchSettings {
        limits: Arc::clone(&limits),
        encoding: Arc::clone(&encoding),
        skip_to: earlier.as_ref().and_then(Checkpoint::position),
        threads: encoding_threads(plan),
    };
    let (sender, items) = mpsc::channel(BATCHES_AHEAD);
    let interrupt = snapshot.interrupter();
    let reading = encode(job, plan, snapshot, settings, sender);
    tokio::pin!(reading);
    let batch_sender = BatchSender {
        remote: job.remote,
        backoff: job.remote.backoff(job.options.max_retries),
        fail_fast: job.options.fail_fast,
        counts_repeated: job.server.has(status::PUSH_REPEATED),
        observer: job.observer,
        limits,
        gate: job.gate.clone(),
        encoding,
        unsent_errors: UnsentErrors::default(),
        rejections: Arc::clone(&job.rejections),
        halt: CancellationToken::new(),
        cancellation: job.cancellation.clone(),
    };
    let limit = batch_sender.gate.limit();
    job.observer.on(&Event::ConcurrencyChanged { limit, reason: "the run begins with this limit" });
    let upload = UploadLoop { job, batch_sender: &batch_sender, checkpoints, tally, earlier, part: None };
    let sending = upload.run(items);
    tokio::pin!(sending);
    let mut snapshot = None;
    let ending = loop {
        tokio::select! {
            ending = &mut sending => break ending,
            read = &mut reading, if snapshot.is_none() => snapshot = Some(read),
        }
    };
    let snapshot = match snapshot {
        Some(snapshot) => snapshot,
        // Reading ends soon, because the receiver is dropped. A snapshot that is read again must
        // not be interrupted: an interrupted write to its temporary tables ends its transaction.
        None if ending == Ending::PrefixChanged => reading.await,
        None => interrupt_until_done(reading, interrupt).await,
    };
    (ending, snapshot)
}

/// Runs the encoding side on blocking threads; gives the snapshot back.
async fn encode(
    job: &Job<'_>,
    plan: &Arc<Plan>,
    snapshot: Snapshot,
    settings: BatchSettings,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
) -> Snapshot {
    let (plan, options, schema) = (Arc::clone(plan), Arc::clone(&job.options), Arc::clone(&job.schema));
    let (client_id, database) = (job.client_id.clone(), job.database.clone());
    let max_row_bytes = job.server.limits.body_bytes().unwrap_or(u64::MAX);
    blocking(move || {
        let (options, schema, snapshot_ref) = (&*options, &*schema, &snapshot);
        let source = RowSource {
            plan: &plan,
            options,
            schema,
            client_id: &client_id,
            snapshot: snapshot_ref,
            max_row_bytes,
            live: options.overwrite.then_some(&database),
        };
        read_and_encode(&source, settings, &items);
        snapshot
    })
    .await
}

/// The state of the loop.
struct UploadLoop<'s, 'p> {
    job: &'s Job<'s>,
    batch_sender: &'s BatchSender<'s>,
    checkpoints: &'s mut CheckpointWriter,
    tally: &'s mut Tally<'p>,
    /// The checkpoint of the prefix that is being skipped.
    earlier: Option<Checkpoint>,
    /// The index of the current part in the plan; `None` before the first one.
    part: Option<usize>,
}

impl UploadLoop<'_, '_> {
    /// Sends everything that is encoded.
    async fn run(mut self, mut items: mpsc::Receiver<Result<SendItem, OfflineError>>) -> Ending {
        let mut in_flight = FuturesUnordered::new();
        let mut window = SlidingWindow::default();
        // The next item, which waits for answers: a batch for those that it depends on and for its
        // turn, any other item for all.
        let mut waiting: Option<SendItem> = None;
        let (mut is_encoding, mut told_idle) = (true, None);
        loop {
            let is_halted = self.batch_sender.halt.is_cancelled();
            let limit = self.batch_sender.gate.limit();
            let may_pass = |item: &mut SendItem| match item {
                SendItem::Batch(batch) => window.admits(batch.groups(), limit),
                _ => in_flight.is_empty(),
            };
            let next = if is_halted { None } else { waiting.take_if(may_pass) };
            if let Some(SendItem::Batch(batch)) = next {
                if in_flight.is_empty() {
                    self.job.observer.on(&Event::Activity(Activity::AwaitingAnswers));
                    told_idle = None;
                }
                window.open(batch.sequence, batch.groups());
                in_flight.push(self.batch_sender.deliver(batch));
            } else if let Some(item) = next
                && self.pass_barrier(item).await == Ending::PrefixChanged
            {
                return Ending::PrefixChanged;
            }
            if in_flight.is_empty() {
                if is_halted || !is_encoding {
                    return Ending::Done;
                }
                // No request is in flight: the run waits for the reader and the encoder.
                if let Some(part) = self.part.filter(|part| told_idle != Some(*part)) {
                    self.job.observer.on(&Event::Activity(Activity::Preparing { part }));
                    told_idle = Some(part);
                }
            }
            tokio::select! {
                Some(delivered) = in_flight.next(), if !in_flight.is_empty() => {
                    let delivered: Delivered = delivered;
                    window.close(delivered.sequence);
                    self.answered(delivered);
                }
                item = items.recv(), if is_encoding && !is_halted && waiting.is_none() => match item {
                    // With fail-fast it ends the run, when everything before is answered.
                    Some(Ok(SendItem::Oversized { part, sequence, failure }))
                        if !self.job.options.fail_fast =>
                    {
                        self.reject_oversized(part, sequence, *failure);
                    }
                    Some(Ok(SendItem::LeftOut { part, rows })) => self.leave_out(part, rows),
                    Some(Ok(item)) => waiting = Some(item),
                    Some(Err(error)) => {
                        self.tally.fail(error);
                        self.batch_sender.halt.cancel();
                    }
                    None => is_encoding = false,
                },
                () = self.job.cancellation.cancelled(), if !is_halted => self.cancel(),
            }
        }
    }

    /// Handles an item when everything before it is answered.
    async fn pass_barrier(&mut self, item: SendItem) -> Ending {
        match item {
            SendItem::Part(part) => {
                self.part = Some(part);
                self.tally.start(part);
                self.job.observer.on(&Event::PartStarted { part });
            }
            SendItem::Skipped { part, mutations, rows } => {
                self.tally.add_skipped(part, mutations, rows);
                self.job.observer.on(&Event::Skipped { part, rows });
            }
            SendItem::Probe(batch) => return self.probe(batch).await,
            SendItem::PrefixChanged => return Ending::PrefixChanged,
            SendItem::Oversized { part, sequence, failure } => {
                self.reject_oversized(part, sequence, *failure);
            }
            SendItem::LeftOut { part, rows } => self.leave_out(part, rows),
            SendItem::Batch(_) => unreachable!("a batch waits for the window"),
        }
        Ending::Done
    }

    /// Sends the last acknowledged batch again (contract 3.6). A server that still has everything
    /// it acknowledged answers with a cursor that is not lower than the remembered one; a server
    /// without cursors cannot show it.
    async fn probe(&mut self, batch: Batch) -> Ending {
        let Some(earlier) = self.earlier.take() else { return Ending::Done };
        self.job.observer.on(&Event::Activity(Activity::AwaitingAnswers));
        let delivering = self.batch_sender.deliver(batch);
        tokio::pin!(delivering);
        let mut delivered = tokio::select! {
            delivered = &mut delivering => delivered,
            () = self.job.cancellation.cancelled() => {
                self.cancel();
                delivering.await
            }
        };
        let is_not_lower = delivered.cursor.as_ref().is_some_and(|answered| *answered >= earlier.cursor);
        // A server that rejects what it had acknowledged has changed as well.
        if delivered.is_decided() && !(delivered.is_acknowledged() && is_not_lower) {
            self.tally.add_requests(delivered.requests);
            return Ending::PrefixChanged;
        }
        let sequence = delivered.sequence;
        // That the server had applied these mutations before is what was to be seen.
        delivered.repeated = 0;
        self.observe(&delivered);
        if delivered.is_acknowledged() {
            let requests = earlier.requests;
            let rows = self.tally.resume(&earlier, delivered);
            self.job.observer.on(&Event::Resumed { rows, requests });
        } else {
            self.tally.resume(&earlier, delivered);
        }
        self.checkpoints.resume(earlier, sequence + 1);
        Ending::Done
    }

    /// A row is not sent, because the server takes no request of its size: it counts as rejected.
    fn reject_oversized(&mut self, part: usize, sequence: u64, failure: Failure) {
        self.job.observer.on(&rejection(&failure));
        self.job.observer.on(&Event::Answered { part, rows: 1, bytes: 0, requests: 0, repeated: 0 });
        self.tally.add_oversized(part, sequence, failure);
        self.batch_sender.rejected(1, 1);
        if self.job.options.fail_fast {
            self.batch_sender.halt.cancel();
        }
    }

    /// Rows are not sent, because the application has changed them since.
    fn leave_out(&mut self, part: usize, rows: u64) {
        self.job.observer.on(&Event::Answered { part, rows, bytes: 0, requests: 0, repeated: 0 });
        self.tally.add_left_out(part, rows);
    }

    fn cancel(&mut self) {
        self.tally.fail(Failure::interrupted());
        self.batch_sender.halt.cancel();
    }

    fn answered(&mut self, delivered: Delivered) {
        failpoint::reach("answered");
        self.observe(&delivered);
        if let Some(warning) = self.checkpoints.record(&delivered) {
            self.job.observer.on(&Event::Warning(&warning));
        }
        failpoint::reach("checkpointed");
        self.tally.add(delivered);
    }

    fn observe(&self, delivered: &Delivered) {
        for failure in &delivered.failures {
            self.job.observer.on(&rejection(failure));
        }
        let Delivered { part, rows, requests, repeated, .. } = *delivered;
        // A batch without an answer has carried nothing.
        let bytes = if rows > 0 { delivered.bytes } else { 0 };
        self.job.observer.on(&Event::Answered { part, rows, bytes, requests, repeated });
    }
}

fn rejection(failure: &Failure) -> Event<'_> {
    Event::Rejected { subject: failure.subject.as_ref(), error: &failure.error }
}
