//! The reports of several servers as one.

use super::rejections::{self, Rejection};
use super::report::ActivityReport;
use super::uploads::Upload;

impl ActivityReport {
    /// Adds what another server has reported so long ago. Its times become those of this server's clock.
    pub(in crate::server) fn add(&mut self, other: Self, age_ms: i64) {
        let now = self.now;
        // In whole seconds, so that times do not shake with the time that reading takes.
        let shift = (now - age_ms - other.now + 500).div_euclid(1000) * 1000;
        for mut upload in other.uploads {
            upload.begun += shift;
            upload.last += shift;
            if !upload.has_ended(now) {
                self.add_upload(upload);
            }
        }
        self.uploads.sort_by_cached_key(|upload| upload.begun);
        self.rejected.extend(other.rejected.into_iter().map(|rejection| {
            let at = rejection.at + shift;
            Rejection { at, ..rejection }
        }));
        self.rejected.sort_by_cached_key(|rejection| std::cmp::Reverse(rejection.at));
        self.rejected.truncate(rejections::MAX);
    }

    /// Adds an upload, to that of the same client through this server if there is one.
    fn add_upload(&mut self, other: Upload) {
        let Some(upload) = self.uploads.iter_mut().find(|upload| upload.client == other.client) else {
            return self.uploads.push(other);
        };
        upload.begun = upload.begun.min(other.begun);
        upload.last = upload.last.max(other.last);
        upload.applied += other.applied;
        upload.repeated += other.repeated;
        upload.rejected += other.rejected;
        upload.rate += other.rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(client: &str, begun: i64, applied: u64) -> Upload {
        let client = client.to_owned();
        Upload { client, begun, last: begun + 500, applied, repeated: 1, rejected: 2, rate: 10.0 }
    }

    fn rejection(at: i64) -> Rejection {
        let text = String::new;
        Rejection { at, client: text(), mutation_id: text(), code: text(), message: text(), path: text() }
    }

    #[test]
    fn reports_of_servers_with_other_clocks_become_one() {
        let mut report = ActivityReport {
            now: 1_000_000,
            uploads: vec![upload("a", 990_000, 5)],
            rejected: vec![rejection(995_000)],
        };
        // A clock that is far ahead.
        let other = ActivityReport {
            now: 7_000_000,
            uploads: vec![upload("b", 6_980_000, 1), upload("a", 6_995_000, 7), upload("old", 6_000_000, 9)],
            rejected: vec![rejection(6_999_000), rejection(6_900_000)],
        };
        report.add(other, 2_100);
        let uploads: Vec<_> = report
            .uploads
            .iter()
            .map(|upload| (upload.client.as_str(), upload.begun, upload.applied))
            .collect();
        assert_eq!(uploads, [("b", 978_000, 1), ("a", 990_000, 12)]);
        assert_eq!(report.uploads[1].last, 993_500);
        let times: Vec<_> = report.rejected.iter().map(|rejection| rejection.at).collect();
        assert_eq!(times, [997_000, 995_000, 898_000]);
    }
}
