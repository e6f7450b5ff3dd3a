//! How request bodies travel: compressed as long as the server takes that, off the async
//! workers.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::remote::Encoding;

/// What bodies are compressed with, until the server does not take it.
#[derive(Debug)]
pub(super) struct Packing(Mutex<Option<Encoding>>);

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) body: Bytes,
    pub(super) encoding: Option<Encoding>,
}

impl Packed {
    pub(super) fn is_compressed(&self) -> bool {
        self.encoding.is_some()
    }
}

impl Packing {
    pub(super) fn new(encoding: Option<Encoding>) -> Self {
        Self(Mutex::new(encoding))
    }

    /// Makes a body ready to be sent, as often as it needs to be.
    pub(super) async fn pack(&self, plain: &Bytes) -> Packed {
        let encoding = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(encoding) = encoding {
            let body = plain.clone();
            if let Ok(body) = super::blocking(move || encoding.compress(&body)).await {
                return Packed { body, encoding: Some(encoding) };
            }
        }
        Packed { body: plain.clone(), encoding: None }
    }

    /// The server does not take what is compressed.
    pub(super) fn give_up(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
