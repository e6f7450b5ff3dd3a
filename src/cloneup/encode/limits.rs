//! How much one request may hold: what was asked for, what the server advertises, and what
//! it has turned out to take. Shared by the side that makes batches and the one that sends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::cloneup::options::Options;
use crate::protocol::ServerLimits;
use crate::remote::Excess;

/// The most of one request. It only ever becomes less.
#[derive(Debug)]
pub(crate) struct BatchLimits {
    mutations: AtomicUsize,
    bytes: AtomicUsize,
    /// Whether a request was too large before.
    is_lowered: AtomicBool,
}

impl BatchLimits {
    pub(crate) fn new(options: &Options, server: &ServerLimits) -> Self {
        let least = |asked: usize, advertised: Option<u64>| {
            let advertised = advertised.filter(|limit| *limit > 0).and_then(|limit| limit.try_into().ok());
            asked.min(advertised.unwrap_or(usize::MAX))
        };
        Self {
            mutations: least(options.batch_size().get(), server.max_mutations).into(),
            bytes: least(options.batch_bytes, server.max_body_bytes).into(),
            is_lowered: false.into(),
        }
    }

    pub(crate) fn mutations(&self) -> usize {
        self.mutations.load(Ordering::Relaxed)
    }

    /// Of the whole body, as it is before compression.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Remembers the largest part of a batch that the server has taken after the whole was
    /// too large. What "too large" means, servers see differently: when the first lesson was
    /// the wrong one, both limits are lowered.
    pub(crate) fn lower(&self, excess: Excess, mutations: usize, bytes: usize) {
        let is_second = self.is_lowered.swap(true, Ordering::Relaxed);
        if excess == Excess::Mutations || is_second {
            self.mutations.fetch_min(mutations.max(1), Ordering::Relaxed);
        }
        if excess == Excess::Bytes || is_second {
            self.bytes.fetch_min(bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloneup::RawOptions;

    fn limits(server: &ServerLimits) -> BatchLimits {
        let raw = RawOptions { batch_size: 500, batch_bytes: 4000, ..RawOptions::default() };
        BatchLimits::new(&Options::validate(raw).unwrap(), server)
    }

    fn now(limits: &BatchLimits) -> (usize, usize) {
        (limits.mutations(), limits.bytes())
    }

    #[test]
    fn the_smaller_of_what_is_asked_for_and_advertised_holds() {
        let advertised = |mutations, bytes| ServerLimits {
            max_mutations: mutations,
            max_body_bytes: bytes,
            ..ServerLimits::default()
        };
        for (server, expected) in [
            (advertised(None, None), (500, 4000)),
            (advertised(Some(1000), Some(10_000)), (500, 4000)),
            (advertised(Some(50), Some(100)), (50, 100)),
            (advertised(Some(0), Some(0)), (500, 4000)),
        ] {
            assert_eq!(now(&limits(&server)), expected);
        }
    }

    #[test]
    fn the_first_lesson_is_about_what_the_server_said_and_the_next_ones_about_both() {
        let limits = limits(&ServerLimits::default());
        limits.lower(Excess::Bytes, 250, 2000);
        assert_eq!(now(&limits), (500, 2000));
        limits.lower(Excess::Bytes, 100, 1500);
        assert_eq!(now(&limits), (100, 1500));
        limits.lower(Excess::Mutations, 200, 3000);
        assert_eq!(now(&limits), (100, 1500), "it only ever becomes less");
    }
}
