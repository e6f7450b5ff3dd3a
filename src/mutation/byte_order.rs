//! The order of texts by their bytes, decided by the first eight of them where those differ.

use std::ops::Range;

/// The first eight bytes of a part of a text as a number that compares as they do. Zeros pad a shorter part, so
/// only numbers that differ decide an order.
#[inline(always)]
pub(crate) fn prefix(text: &[u8], part: &Range<usize>) -> u64 {
    if part.is_empty() {
        return 0;
    }
    // Most texts go on after a part.
    let bytes = match text[part.start..].first_chunk() {
        Some(bytes) => *bytes,
        None => std::array::from_fn(|place| text.get(part.start + place).copied().unwrap_or_default()),
    };
    let others = 8 * 8_usize.saturating_sub(part.len());
    u64::from_be_bytes(bytes) >> others << others
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prefixes_that_differ_compare_as_the_texts(
            text in prop::collection::vec(any::<u8>(), 0..24),
            one in any::<(prop::sample::Index, prop::sample::Index)>(),
            other in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let part = |(start, end): (prop::sample::Index, prop::sample::Index)| {
                let (start, end) = (start.index(text.len() + 1), end.index(text.len() + 1));
                start.min(end)..start.max(end)
            };
            let (one, other) = (part(one), part(other));
            let (a, b) = (prefix(&text, &one), prefix(&text, &other));
            if a != b {
                prop_assert_eq!(a.cmp(&b), text[one].cmp(&text[other]));
            }
        }
    }
}
