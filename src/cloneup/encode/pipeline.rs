//! The two threads of the encoding side, and the bounded channels between them. What each thread does is
//! in [`super::reader`] and [`super::encoder`].

use std::sync::mpsc::sync_channel;

use tokio::sync::mpsc;

use super::encoder::{BatchSettings, Encoder, SendItem};
use super::reader::Reader;
use crate::cloneup::options::Options;
use crate::cloneup::plan::Plan;
use crate::offline::{OfflineError, Snapshot};
use crate::schema::Schema;

/// The capacity of the channels between reader and encoder, in chunks: enough that a short delay
/// of one thread does not stop the other.
const CHUNKS_AHEAD: usize = 4;

/// The rows to encode, and how.
pub(crate) struct RowSource<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    pub(crate) schema: &'a Schema,
    pub(crate) client_id: &'a str,
    pub(crate) snapshot: &'a Snapshot,
    /// The largest body that the server takes, in bytes.
    pub(crate) max_row_bytes: u64,
}

/// Reads and encodes on two threads, until all rows are encoded or the receiver of the items is
/// dropped. Blocks.
pub(crate) fn read_and_encode(
    source: &RowSource<'_>,
    settings: BatchSettings,
    items: mpsc::Sender<Result<SendItem, OfflineError>>,
) {
    let RowSource { plan, options, schema, client_id, snapshot, max_row_bytes } = *source;
    let (sender, events) = sync_channel(CHUNKS_AHEAD);
    let (returned, recycled) = sync_channel(CHUNKS_AHEAD);
    std::thread::scope(|scope| {
        let encoder = Encoder::new(plan, options, client_id, settings, items);
        scope.spawn(move || encoder.run(&events, &returned));
        Reader { plan, options, schema, client_id, snapshot, events: sender, max_row_bytes, recycled }.run();
    });
}
