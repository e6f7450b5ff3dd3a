//! The requests of a comparison by digests (contract 3.8), with retries. What is asked for is decided in
//! [`super::by_digest`].

use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::cloneup::blocking::blocking;
use crate::cloneup::failure::{DIGEST_PATH, Failure};
use crate::cloneup::observer::{Activity, Event, Observer};
use crate::cloneup::send::gate::RequestGate;
use crate::cloneup::send::retry::{
    Cancelled, Request, SendError, TryError, grace_is_over, send_with_retries,
};
use crate::protocol::DigestQuery;
use crate::remote::{Compressor, Encoding, Remote, RequestError, TransportKind};

/// A body that is smaller, in bytes, is not compressed.
const MIN_COMPRESSED: usize = 2048;

/// Sends requests, one at a time.
#[derive(Clone, Copy)]
pub(super) struct DigestClient<'a> {
    pub(super) remote: &'a Remote,
    /// The content coding of bodies, where they are compressed.
    pub(super) encoding: Option<Encoding>,
    pub(super) max_retries: u32,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancellation: &'a CancellationToken,
    pub(super) gate: Option<&'a RequestGate>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The server does not answer such a request, for this reason: its feed is read instead.
    Refused(String),
    /// The comparison has failed.
    Failed(Failure),
}

impl DigestClient<'_> {
    /// Sends a request until it is answered.
    pub(super) async fn ask<Q: DigestQuery + Sync>(&self, query: &Q) -> Result<Q::Answer, NoAnswer> {
        let json: Bytes = serde_json::to_vec(query)
            .expect("strings, numbers and lists of them can be written as JSON")
            .into();
        let compressed = self.compressed(json.clone()).await;
        let is_compressed = compressed.is_some();
        match self.send(query, compressed.unwrap_or_else(|| (json.clone(), None))).await {
            // The server does not take compressed bodies after all.
            Err(SendError::Failed(error))
                if is_compressed && matches!(error.source, RequestError::NotDecoded) =>
            {
                self.send(query, (json, None)).await.map_err(no_answer)
            }
            answer => answer.map_err(no_answer),
        }
    }

    /// A body with its content coding, if it is one that is compressed.
    async fn compressed(&self, json: Bytes) -> Option<(Bytes, Option<Encoding>)> {
        let encoding = self.encoding.filter(|_| json.len() >= MIN_COMPRESSED)?;
        let compress =
            move || Compressor::new(encoding).and_then(|mut compressor| compressor.compress(&json));
        Some((blocking(compress).await.ok()?, Some(encoding)))
    }

    async fn send<Q: DigestQuery + Sync>(
        &self,
        query: &Q,
        body: (Bytes, Option<Encoding>),
    ) -> Result<Q::Answer, SendError> {
        self.observer.on(&Event::Activity(Activity::AwaitingAnswers));
        let _permit = match self.gate {
            Some(gate) => Some(gate.permit().await),
            None => None,
        };
        let backoff = self.remote.backoff(self.max_retries);
        send_with_retries(&mut Asked { client: *self, query, body }, &backoff, self.observer).await
    }
}

fn no_answer(error: SendError) -> NoAnswer {
    let error = match error {
        SendError::Cancelled => return NoAnswer::Failed(Failure::interrupted()),
        SendError::Failed(error) => error,
    };
    if error.kind() == Some(TransportKind::NoRoute) {
        return NoAnswer::Refused(error.source.to_string());
    }
    match error.source {
        RequestError::Forbidden(body) => NoAnswer::Failed(Failure::forbidden(body.message, DIGEST_PATH)),
        RequestError::Refused(body) | RequestError::TooLarge(_, Some(body)) => {
            NoAnswer::Refused(body.message)
        }
        RequestError::TooLarge(_, None) => NoAnswer::Refused(error.source.to_string()),
        _ => NoAnswer::Failed(Failure::transport(error, DIGEST_PATH)),
    }
}

/// A request, which may be sent several times.
struct Asked<'a, Q> {
    client: DigestClient<'a>,
    query: &'a Q,
    body: (Bytes, Option<Encoding>),
}

impl<Q: DigestQuery + Sync> Request for Asked<'_, Q> {
    type Answer = Q::Answer;

    fn target(&self) -> (&'static str, String) {
        ("POST", self.client.remote.digest_url())
    }

    async fn send(&mut self) -> Result<Q::Answer, TryError> {
        let DigestClient { remote, cancellation, .. } = self.client;
        let turn = tokio::select! {
            biased;
            () = cancellation.cancelled() => return Err(TryError::Cancelled),
            turn = remote.pace().turn() => turn,
        };
        let (body, encoding) = self.body.clone();
        tokio::select! {
            answer = remote.digest(turn, self.query, body, encoding) => answer.map_err(TryError::Failed),
            () = grace_is_over(cancellation) => Err(TryError::Cancelled),
        }
    }

    async fn pause(&mut self, wait: Duration, is_throttled: bool) -> Result<(), Cancelled> {
        if is_throttled {
            self.client.remote.pace().hold(wait);
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.client.cancellation.cancelled() => Err(Cancelled),
        }
    }
}
