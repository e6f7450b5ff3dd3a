//! How request bodies travel: compressed as long as the server takes that. Whole batches are
//! compressed on the encoding side; only a part of one, when it has to be sent by itself, is
//! compressed when it is needed, off the async workers.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::cloneup::encode::batch::Batch;
use crate::remote::{Compressor, Encoding};

/// What bodies are compressed with, until the server does not take it.
#[derive(Debug)]
pub(crate) struct RequestEncoding(Mutex<Option<Encoding>>);

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct EncodedBody {
    pub(crate) body: Bytes,
    pub(crate) encoding: Option<Encoding>,
}

impl RequestEncoding {
    pub(crate) fn new(encoding: Option<Encoding>) -> Self {
        Self(Mutex::new(encoding))
    }

    /// What to compress with now.
    pub(crate) fn encoding(&self) -> Option<Encoding> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a part of a batch, or all of it, ready to be sent as often as it needs to be.
    pub(crate) async fn pack(&self, batch: &Batch, entries: &[usize]) -> EncodedBody {
        let plain = batch.body(entries);
        let Some(encoding) = self.encoding() else { return EncodedBody { body: plain, encoding: None } };
        if let (Some(body), true) = (&batch.compressed, entries.len() == batch.entries.len()) {
            return EncodedBody { body: body.clone(), encoding: Some(encoding) };
        }
        let body = plain.clone();
        let compressed = crate::cloneup::blocking::blocking(move || {
            Compressor::new(encoding).and_then(|mut all| all.compress(&body))
        })
        .await;
        match compressed {
            Ok(body) => EncodedBody { body, encoding: Some(encoding) },
            Err(_) => EncodedBody { body: plain, encoding: None },
        }
    }

    /// The server does not take what is compressed.
    pub(crate) fn give_up(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
