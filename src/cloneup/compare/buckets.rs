//! Into how many buckets a table is divided for a comparison by digests, and which tables are asked for
//! together: a compromise between the size of the digests, which are always sent, and that of the items
//! in a bucket, which are sent where it differs.

use crate::mutation::digest::MAX_BITS;

/// The most buckets in one request: their digests take 4 MiB.
const MAX_REQUEST_BUCKETS: usize = 1 << 18;

/// The most tables in one request: an answer has at most 1,000 members.
const MAX_REQUEST_TABLES: usize = 500;

/// About how many items are asked for at a time: they take about 8 MiB.
const REQUEST_ITEMS: u64 = 100_000;

/// The most buckets whose items are asked for in one request.
const MAX_ITEM_BUCKETS: u64 = 8192;

/// Bytes of an item in an answer, about.
const ITEM_BYTES: u64 = 80;

/// Bytes of a bucket's digest in an answer, about.
const DIGEST_BYTES: u64 = 22;

/// How many bits more the local digests have than what is asked for first.
const FINER_BITS: u8 = 2;

/// The bits of the buckets of a table with this number of rows. There are few different ones, because all
/// tables of one request have the same, and a server reads all of its items for each request.
pub(super) fn bits(rows: u64) -> u8 {
    match rows {
        0..=64 => 0,
        65..=1024 => 4,
        1025..=16_384 => 8,
        16_385..=262_144 => 12,
        // A million rows have 16,384 buckets: 350 KiB of digests, and about 60 items in each.
        262_145..=2_097_152 => 14,
        _ => MAX_BITS,
    }
}

/// The bits of the local digests of a table that is asked for with these bits.
pub(super) fn finer(bits: u8) -> u8 {
    (bits + FINER_BITS).min(MAX_BITS)
}

/// Whether asking for the digests of finer buckets first is worth it, where `differing` of `2^bits`
/// buckets differ of a table that has this number of items.
pub(super) fn is_worth_refining(differing: usize, bits: u8, items: u64) -> bool {
    if finer(bits) == bits {
        return false;
    }
    // Where differences are scattered, each of them is in one finer bucket.
    let in_differing = differing as u64 * (items >> bits);
    let saved = in_differing.saturating_mul(ITEM_BYTES) / (1 << FINER_BITS) * ((1 << FINER_BITS) - 1);
    let is_scattered = differing < (1 << bits) / 4;
    is_scattered && saved > 2 * (DIGEST_BYTES << finer(bits))
}

/// The tables that are asked for together: their bits, and their indexes.
pub(super) fn groups(bits: &[u8]) -> Vec<(u8, Vec<usize>)> {
    let mut groups: Vec<(u8, Vec<usize>)> = Vec::new();
    for (index, bits) in bits.iter().enumerate() {
        let has_room = |(of, tables): &&mut (u8, Vec<usize>)| {
            of == bits
                && tables.len() < MAX_REQUEST_TABLES
                && (tables.len() + 1) << bits <= MAX_REQUEST_BUCKETS
        };
        match groups.iter_mut().find(has_room) {
            Some((_, tables)) => tables.push(index),
            None => groups.push((*bits, vec![index])),
        }
    }
    groups
}

/// The numbers of the buckets that these consist of, each divided into `2^by`.
pub(super) fn divided(buckets: &[u32], by: u8) -> Vec<u32> {
    buckets.iter().flat_map(|bucket| (bucket << by)..((bucket + 1) << by)).collect()
}

/// How many buckets of a table with this number of items are asked for in one request, whose body has a
/// limit in bytes where the server names one.
pub(super) fn buckets_in_request(bits: u8, items: u64, max_body: Option<u64>) -> usize {
    let in_bucket = (items >> bits).max(1);
    // The number of a bucket has up to five digits and a comma.
    let max = max_body.map_or(MAX_ITEM_BUCKETS, |bytes| (bytes / 16).min(MAX_ITEM_BUCKETS));
    let buckets = (REQUEST_ITEMS / in_bucket).clamp(1, max.max(1));
    usize::try_from(buckets).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_equal_rows_take_less_than_a_mebibyte() {
        assert!(DIGEST_BYTES << bits(1_000_000) < 512 * 1024);
        assert_eq!((bits(0), bits(100), bits(u64::MAX)), (0, 4, 16));
        assert_eq!((finer(0), finer(14), finer(16)), (2, 16, 16));
    }

    #[test]
    fn many_scattered_differences_are_worth_finer_buckets_and_few_or_too_many_are_not() {
        assert!(is_worth_refining(1000, 14, 1_000_000));
        assert!(!is_worth_refining(10, 14, 1_000_000));
        assert!(!is_worth_refining(16_384, 14, 1_000_000));
        assert!(!is_worth_refining(1000, 16, 1_000_000));
    }

    #[test]
    fn tables_are_asked_for_together_up_to_a_number_of_buckets() {
        assert_eq!(groups(&[14, 0, 14, 0, 8]), [(14, vec![0, 2]), (0, vec![1, 3]), (8, vec![4])]);
        assert_eq!(groups(&[16; 9]), [(16, vec![0, 1, 2, 3]), (16, vec![4, 5, 6, 7]), (16, vec![8])]);
    }

    #[test]
    fn a_divided_bucket_is_all_of_its_parts() {
        assert_eq!(divided(&[0, 5], 2), [0, 1, 2, 3, 20, 21, 22, 23]);
        assert_eq!(divided(&[3], 0), [3]);
        assert_eq!(divided(&[0], 16).len(), 65_536);
    }

    #[test]
    fn a_request_for_items_has_a_bounded_answer_and_body() {
        assert_eq!(buckets_in_request(14, 1_000_000, None), 1639);
        assert_eq!(buckets_in_request(0, 1_000_000, None), 1);
        assert_eq!(buckets_in_request(16, 10, None), 8192);
        assert_eq!(buckets_in_request(16, 10, Some(1600)), 100);
        assert_eq!(buckets_in_request(16, 10, Some(0)), 1);
    }
}
