//! The limits of one request: what the options ask for, what the server advertises, and what it has
//! turned out to take. Shared by the encoder, which makes batches, and the batch senders. Batches are cut
//! in [`super::batcher`].

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::cloneup::options::Options;
use crate::protocol::ServerLimits;
use crate::remote::Excess;

/// How long a body takes at most with a limited bandwidth, in seconds: servers wait for one about a
/// minute, and a person for an answer a few seconds.
const SECONDS_TO_SEND: usize = 5;

/// The maximum size of one request. It is only ever lowered.
#[derive(Debug)]
pub(crate) struct BatchLimits {
    mutations: AtomicUsize,
    bytes: AtomicUsize,
    /// Whether a request has been too large before.
    is_lowered: AtomicBool,
}

impl BatchLimits {
    /// `max_bandwidth` is the limit of the bytes of bodies a second, if there is one.
    pub(crate) fn new(options: &Options, server: &ServerLimits, max_bandwidth: Option<NonZeroUsize>) -> Self {
        let least = |asked: usize, advertised: Option<u64>| {
            let advertised = advertised.and_then(|limit| limit.try_into().ok());
            asked.min(advertised.unwrap_or(usize::MAX))
        };
        let in_time = max_bandwidth.map_or(usize::MAX, |limit| limit.get().saturating_mul(SECONDS_TO_SEND));
        Self {
            mutations: least(options.batch_size.get(), server.mutations()).into(),
            bytes: least(options.batch_bytes.get().min(in_time), server.body_bytes()).into(),
            is_lowered: false.into(),
        }
    }

    /// The maximum number of mutations.
    pub(crate) fn mutations(&self) -> usize {
        self.mutations.load(Ordering::Relaxed)
    }

    /// The maximum size of the whole body in bytes, before compression.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Lowers the limits to the largest part of a batch that the server has taken after the whole
    /// was too large. The first time only the limit that the server named is lowered; servers
    /// mean different things by "too large", so from the second time on both are.
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

    fn limits(server: &ServerLimits) -> BatchLimits {
        let (batch_size, batch_bytes) = (500.try_into().unwrap(), 4000.try_into().unwrap());
        BatchLimits::new(&Options { batch_size, batch_bytes, ..Options::default() }, server, None)
    }

    fn now(limits: &BatchLimits) -> (usize, usize) {
        (limits.mutations(), limits.bytes())
    }

    #[test]
    fn the_smaller_of_the_asked_and_the_advertised_limit_holds() {
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
    fn the_first_excess_lowers_the_limit_it_names_and_later_ones_lower_both() {
        let limits = limits(&ServerLimits::default());
        limits.lower(Excess::Bytes, 250, 2000);
        assert_eq!(now(&limits), (500, 2000));
        limits.lower(Excess::Bytes, 100, 1500);
        assert_eq!(now(&limits), (100, 1500));
        limits.lower(Excess::Mutations, 200, 3000);
        assert_eq!(now(&limits), (100, 1500), "it is only ever lowered");
    }
}
