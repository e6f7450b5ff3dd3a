//! The threads of the encoding side, and the bounded channels between them. What each thread does is in
//! [`super::reader`] and [`super::encoder`].

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::mpsc;

use super::assembler::Assembler;
use super::batch::Position;
use super::batcher::Batcher;
use super::compression::RequestEncoding;
use super::encoded_rows::InvalidRow;
use super::encoder::{Encoder, ReadEvents, Shared};
use super::in_turn::InTurn;
use super::limits::BatchLimits;
use super::part_encoder::Parts;
use super::reader::{Reader, RowSource};
use super::send_item::SendItem;
use crate::cloneup::plan::{Plan, Source};
use crate::offline::OfflineError;

/// The capacity of the channels between reader and encoding threads, in chunks: enough that a short delay
/// of one thread does not stop the other.
const CHUNKS_AHEAD: usize = 4;

/// The most encoding threads: more of them encode faster than one thread reads.
const MAX_ENCODING_THREADS: usize = 4;

/// The number of rows for which another encoding thread pays off.
const ROWS_PER_THREAD: u64 = 20_000;

/// How batches are made.
pub(crate) struct BatchSettings {
    pub(crate) limits: Arc<BatchLimits>,
    pub(crate) encoding: Arc<RequestEncoding>,
    /// The end of the prefix that the server has acknowledged in an earlier run.
    pub(crate) skip_to: Option<Position>,
}

/// Reads on one thread and encodes on others, until all rows are encoded or the receiver of the items is
/// dropped. Blocks.
pub(crate) fn read_and_encode(
    rows: &RowSource<'_>,
    settings: BatchSettings,
    items: &mpsc::Sender<Result<SendItem, OfflineError>>,
) {
    let BatchSettings { limits, encoding, skip_to } = settings;
    let (sender, events) = sync_channel(CHUNKS_AHEAD);
    let (returned, recycled) = sync_channel(CHUNKS_AHEAD);
    let batcher = Batcher::new(limits, skip_to.map(|position| position.mutations));
    let parts = Parts { plan: rows.plan, options: rows.options, client_id: rows.client_id };
    let shared = Shared {
        parts,
        events: Mutex::new(ReadEvents::new(events)),
        assembler: InTurn::new(Assembler::new(parts, batcher, skip_to)),
        items: InTurn::new(items.clone()),
        encoding,
    };
    let invalid = thread::scope(|scope| {
        let threads: Vec<_> = (0..encoding_threads(rows.plan))
            .map(|_| {
                let encoder = Encoder::new(&shared, returned.clone());
                scope.spawn(|| encoder.run())
            })
            .collect();
        Reader { rows, events: sender, recycled }.run();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.flatten().next()
    });
    if let Some(row) = invalid {
        // Fails only when the upload loop has ended.
        let _ = items.blocking_send(Err(data_error(rows, row)));
    }
}

/// The number of encoding threads: reading and sending have processors too.
fn encoding_threads(plan: &Plan) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let rows: u64 = plan.parts.iter().map(|part| part.rows).sum();
    let useful = usize::try_from(rows / ROWS_PER_THREAD).unwrap_or(MAX_ENCODING_THREADS);
    (processors / 2).min(useful).clamp(1, MAX_ENCODING_THREADS)
}

/// Why a row cannot be uploaded.
fn data_error(rows: &RowSource<'_>, row: InvalidRow) -> OfflineError {
    match &rows.plan.parts[row.part].source {
        Source::Records(source) => source.data_error(rows.snapshot, row.index),
        Source::JoinRows(source) => source.data_error(rows.snapshot, row.index),
        Source::Deletes | Source::Extra => OfflineError::Stopped,
    }
}
