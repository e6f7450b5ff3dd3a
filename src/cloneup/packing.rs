//! How request bodies travel: compressed as long as the server takes that. Whole batches are
//! compressed on the encoding side; only a part of one, when it has to be sent by itself, is
//! compressed when it is needed, off the async workers.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::batch::Batch;
use crate::remote::{Compressor, Encoding};

/// What bodies are compressed with, until the server does not take it.
#[derive(Debug)]
pub(super) struct Packing(Mutex<Option<Encoding>>);

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) body: Bytes,
    pub(super) encoding: Option<Encoding>,
}

impl Packing {
    pub(super) fn new(encoding: Option<Encoding>) -> Self {
        Self(Mutex::new(encoding))
    }

    /// What to compress with now.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a part of a batch, or all of it, ready to be sent as often as it needs to be.
    pub(super) async fn pack(&self, batch: &Batch, entries: &[usize]) -> Packed {
        let plain = batch.body(entries);
        let Some(encoding) = self.encoding() else { return Packed { body: plain, encoding: None } };
        if let (Some(body), true) = (&batch.compressed, entries.len() == batch.entries.len()) {
            return Packed { body: body.clone(), encoding: Some(encoding) };
        }
        let body = plain.clone();
        let compressed =
            super::blocking(move || Compressor::new(encoding).and_then(|mut all| all.compress(&body))).await;
        match compressed {
            Ok(body) => Packed { body, encoding: Some(encoding) },
            Err(_) => Packed { body: plain, encoding: None },
        }
    }

    /// The server does not take what is compressed.
    pub(super) fn give_up(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
