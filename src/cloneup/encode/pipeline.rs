//! The two threads of the encoding side, and the bounded channels between them. What each thread does is
//! in [`super::reader`] and [`super::encoder`].

use std::sync::mpsc::sync_channel;

use tokio::sync::mpsc;

use super::encoder::{BatchSettings, Encoder, SendItem};
use super::reader::{Reader, RowSource};
use crate::offline::OfflineError;

/// The capacity of the channels between reader and encoder, in chunks: enough that a short delay
/// of one thread does not stop the other.
const CHUNKS_AHEAD: usize = 4;

/// Reads and encodes on two threads, until all rows are encoded or the receiver of the items is
/// dropped. Blocks.
pub(crate) fn read_and_encode(
    rows: &RowSource<'_>,
    settings: BatchSettings,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
) {
    let (sender, events) = sync_channel(CHUNKS_AHEAD);
    let (returned, recycled) = sync_channel(CHUNKS_AHEAD);
    std::thread::scope(|scope| {
        let encoder = Encoder::new(rows.plan, rows.options, rows.client_id, settings, items);
        scope.spawn(move || encoder.run(&events, &returned));
        Reader { rows, events: sender, recycled }.run();
    });
}
