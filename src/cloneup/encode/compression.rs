//! The content coding of request bodies: compressed as long as the server takes it. Whole batches are
//! compressed by the encoder; a part of a batch, when it is sent on its own, is compressed when it is
//! needed, on a blocking thread. The compressor itself is in [`crate::remote`].

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::batch::Batch;
use crate::cloneup::blocking::blocking;
use crate::remote::{Compressor, Encoding};

/// The content coding of bodies, until the server refuses it.
#[derive(Debug)]
pub(crate) struct RequestEncoding(Mutex<Option<Encoding>>);

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct EncodedBody {
    pub(crate) body: Bytes,
    /// `None` for a body that is not compressed.
    pub(crate) encoding: Option<Encoding>,
}

impl RequestEncoding {
    pub(crate) fn new(encoding: Option<Encoding>) -> Self {
        Self(Mutex::new(encoding))
    }

    /// The content coding to use now.
    pub(crate) fn current(&self) -> Option<Encoding> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body with some or all entries of a batch.
    pub(crate) async fn encode(&self, batch: &Batch, entries: &[usize]) -> EncodedBody {
        let plain = batch.body(entries);
        let Some(encoding) = self.current() else { return EncodedBody { body: plain, encoding: None } };
        if let (Some(body), true) = (&batch.compressed, entries.len() == batch.entries.len()) {
            return EncodedBody { body: body.clone(), encoding: Some(encoding) };
        }
        let body = plain.clone();
        let compressed =
            blocking(move || Compressor::new(encoding).and_then(|mut compressor| compressor.compress(&body)));
        match compressed.await {
            Ok(body) => EncodedBody { body, encoding: Some(encoding) },
            // Sent uncompressed: every server takes that.
            Err(_) => EncodedBody { body: plain, encoding: None },
        }
    }

    /// The server refuses compressed bodies: from now on they are sent uncompressed.
    pub(crate) fn give_up(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
