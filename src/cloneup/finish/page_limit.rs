//! How many changes the next page of a pull is asked for: as many as make a page of a few MiB, so that
//! memory does not grow with the size of the records. The pages are pulled in [`super::pull`].

use crate::protocol::PullAnswer;

/// The size that pages should have, in bytes: large enough that a transaction for each costs little, small
/// enough that two of them are in memory.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// The number of changes in the first page, before the size of the records is known: few, in case they are
/// large.
const FIRST: u64 = 100;

/// The number of changes in a page of a server that does not say how many it allows (contract 3.4).
const DEFAULT: u64 = 1000;

/// The limit of a pull's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageLimit {
    max: u64,
    /// For the next page.
    current: u64,
}

impl PageLimit {
    /// At most `wanted` changes, and not more than the server allows.
    pub(crate) fn at_most(wanted: u64, server_max: Option<u64>) -> Self {
        let max = wanted.min(server_max.unwrap_or(u64::MAX)).max(1);
        Self { max, current: max }
    }

    /// As many changes as the server allows; of one that does not say, the default.
    pub(crate) fn of_server(server_max: Option<u64>) -> Self {
        let max = server_max.unwrap_or(DEFAULT).max(1);
        Self { max, current: max.min(FIRST) }
    }

    /// The number of changes to ask for.
    pub(crate) fn get(self) -> u64 {
        self.current
    }

    /// Adapts the limit to the records of a page.
    pub(crate) fn adapt(&mut self, page: &PullAnswer) {
        self.adapt_to(page.len() as u64, page.bytes() as u64);
    }

    fn adapt_to(&mut self, changes: u64, bytes: u64) {
        if changes > 0 {
            self.current = (PAGE_BYTES.saturating_mul(changes) / bytes.max(1)).clamp(1, self.max);
        }
    }

    /// Asks for half as many after an answer that was larger than the largest one that is read.
    pub(crate) fn halve(&mut self) {
        self.current = (self.current / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_changes_as_make_a_few_mebibytes() {
        let mut limit = PageLimit::of_server(Some(10_000));
        assert_eq!(limit.get(), 100);
        limit.adapt_to(100, 60_000);
        assert_eq!(limit.get(), 6990);
        limit.adapt_to(6990, 300_000);
        assert_eq!(limit.get(), 10_000);
        limit.adapt_to(10_000, 60 * 1024 * 1024);
        assert_eq!(limit.get(), 666);
        limit.adapt_to(1, 40 * 1024 * 1024);
        assert_eq!(limit.get(), 1);
        limit.adapt_to(0, 50);
        assert_eq!(limit.get(), 1);
    }

    #[test]
    fn neither_the_wanted_limit_nor_the_servers_is_exceeded() {
        let mut limit = PageLimit::at_most(500, Some(200));
        assert_eq!(limit.get(), 200);
        limit.adapt_to(200, 200);
        assert_eq!(limit.get(), 200);
        assert_eq!(PageLimit::at_most(500, None).get(), 500);
        assert_eq!(PageLimit::at_most(500, Some(0)).get(), 1);
        let mut default = PageLimit::of_server(None);
        default.adapt_to(100, 100);
        assert_eq!(default.get(), 1000);
        assert_eq!(PageLimit::of_server(Some(10)).get(), 10);
    }

    #[test]
    fn a_page_that_is_too_large_is_halved_down_to_one_change() {
        let mut limit = PageLimit::at_most(3, None);
        for expected in [1, 1] {
            limit.halve();
            assert_eq!(limit.get(), expected);
        }
    }
}
