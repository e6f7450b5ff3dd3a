//! Who is sending: the pushes of each client that belong together.

use serde::{Deserialize, Serialize};

use super::record::AnsweredPush;
use super::throughput::Throughput;

/// A client that sends nothing for so long has ended its upload; its next push begins another one.
const QUIET_MS: i64 = 60_000;

/// Uploads that are kept. With more clients than that at a time, the one that has been quiet for longest is
/// left out.
const MAX: usize = 50;

/// Seconds whose pushes are kept of an upload, for its rate.
const SECONDS: usize = 8;

/// What a client has sent since it began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::server) struct Upload {
    pub(in crate::server) client: String,
    /// When its first push was answered, in milliseconds since 1970.
    pub(in crate::server) begun: i64,
    /// When its last push was answered.
    pub(in crate::server) last: i64,
    /// Mutations that were applied, and new.
    pub(in crate::server) applied: u64,
    /// Mutations that were applied before.
    pub(in crate::server) repeated: u64,
    pub(in crate::server) rejected: u64,
    /// Mutations a second that are answered, now.
    pub(in crate::server) rate: f64,
}

impl Upload {
    /// Whether the client has not sent anything for so long that it has ended.
    pub(in crate::server) fn has_ended(&self, now: i64) -> bool {
        now - self.last > QUIET_MS
    }
}

/// The uploads.
#[derive(Debug, Default)]
pub(super) struct Uploads(Vec<(Upload, Throughput<SECONDS>)>);

impl Uploads {
    /// Adds a push that was answered at a time in milliseconds since 1970.
    pub(super) fn add(&mut self, at: i64, client: &str, push: &AnsweredPush<'_>) {
        self.forget(at);
        let known = self.0.iter().position(|(upload, _)| upload.client == client);
        let index = known.unwrap_or_else(|| {
            self.begin(at, client);
            self.0.len() - 1
        });
        let (upload, throughput) = &mut self.0[index];
        let rejected = push.errors.len() as u64;
        upload.last = at;
        upload.applied += push.new;
        upload.repeated += push.repeated;
        upload.rejected += rejected;
        throughput.add(second(at), push.new + push.repeated + rejected);
    }

    fn begin(&mut self, at: i64, client: &str) {
        if self.0.len() >= MAX
            && let Some(quietest) = (0..self.0.len()).min_by_key(|index| self.0[*index].0.last)
        {
            self.0.remove(quietest);
        }
        let client = client.to_owned();
        let upload = Upload { client, begun: at, last: at, applied: 0, repeated: 0, rejected: 0, rate: 0.0 };
        self.0.push((upload, Throughput::default()));
    }

    fn forget(&mut self, now: i64) {
        self.0.retain(|(upload, _)| !upload.has_ended(now));
    }

    /// Those that have not ended, in the order in which they began.
    pub(super) fn all(&self, now: i64) -> Vec<Upload> {
        let open = self.0.iter().filter(|(upload, _)| !upload.has_ended(now));
        open.map(|(upload, throughput)| Upload { rate: throughput.rate(second(now)), ..upload.clone() })
            .collect()
    }
}

/// The second of a time in milliseconds since 1970.
pub(super) fn second(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(new: u64) -> AnsweredPush<'static> {
        AnsweredPush { new, repeated: 1, errors: &[] }
    }

    #[test]
    fn pushes_of_a_client_are_one_upload_until_it_is_quiet_for_long() {
        let mut uploads = Uploads::default();
        uploads.add(1000, "a", &push(10));
        uploads.add(2000, "b", &push(1));
        uploads.add(3000, "a", &push(20));
        let all = uploads.all(4000);
        let [a, b] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((a.client.as_str(), a.begun, a.last, a.applied, a.repeated), ("a", 1000, 3000, 30, 2));
        assert_eq!((b.client.as_str(), b.applied), ("b", 1));
        assert!((a.rate - 32.0 / 5.0).abs() < 1e-9, "{}", a.rate);
        assert_eq!(uploads.all(3000 + QUIET_MS).len(), 1);
        assert_eq!(uploads.all(3001 + QUIET_MS), []);
        uploads.add(3001 + QUIET_MS, "a", &push(5));
        assert_eq!(uploads.all(3001 + QUIET_MS)[0].applied, 5);
    }

    #[test]
    fn of_too_many_clients_the_quietest_is_left_out() {
        let mut uploads = Uploads::default();
        for (at, client) in (0_i64..).zip(0..MAX + 10) {
            uploads.add(at, &format!("c{client}"), &push(1));
        }
        let all = uploads.all(1000);
        assert_eq!((all.len(), all[0].client.as_str()), (MAX, "c10"));
    }
}
