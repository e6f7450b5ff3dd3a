//! Finds the first byte of a string that JSON escapes: the inner loop of reading and of writing JSON. It looks
//! at many bytes at a time, by hand, because the compiler vectorizes nothing where it compiles for size.

/// The number of bytes that are looked at together.
const WORD: usize = size_of::<u64>();

/// The number of bytes at the start of a string's content that are written as they are (RFC 8785, section
/// 3.2.2.2); with `ASCII`, only of those that are ASCII.
#[inline(always)]
pub(super) fn plain_length<const ASCII: bool>(text: &[u8]) -> usize {
    // Most keys end in the first word.
    match text.first_chunk().map(|word| special_bytes::<ASCII>(*word)) {
        Some(special) if special != 0 => place_of_first(special),
        _ => plain_length_of_long::<ASCII>(text),
    }
}

#[inline(never)]
fn plain_length_of_long<const ASCII: bool>(text: &[u8]) -> usize {
    let mut rest = text;
    // The compiler unrolls no loop either.
    while let Some((words, after)) = rest.split_first_chunk::<{ 4 * WORD }>() {
        let ([one, two, three, four], []) = words.as_chunks::<WORD>() else { break };
        let special = special_bytes::<ASCII>(*one)
            | special_bytes::<ASCII>(*two)
            | special_bytes::<ASCII>(*three)
            | special_bytes::<ASCII>(*four);
        if special != 0 {
            break;
        }
        rest = after;
    }
    while let Some((word, after)) = rest.split_first_chunk() {
        match special_bytes::<ASCII>(*word) {
            0 => rest = after,
            special => return text.len() - rest.len() + place_of_first(special),
        }
    }
    let (word, start) = match text.last_chunk() {
        // Bytes that were looked at already are plain.
        Some(word) => (*word, text.len() - WORD),
        None => (padded(text), 0),
    };
    start + place_of_first(special_bytes::<ASCII>(word))
}

/// A text that is shorter than a word, with zeros after it. Loads that overlap take a fraction of the time of
/// copying bytes, for which the processor would wait.
#[inline(always)]
fn padded(text: &[u8]) -> [u8; WORD] {
    let at = |byte: u64, place: usize| byte << (8 * place);
    let word = match (text.first_chunk(), text.last_chunk(), text) {
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) | at(u32::from_le_bytes(*last).into(), text.len() - 4)
        }
        (_, _, [first, .., last]) => {
            let middle = text.len() / 2;
            u64::from(*first) | at(text[middle].into(), middle) | at((*last).into(), text.len() - 1)
        }
        (_, _, [byte]) => u64::from(*byte),
        _ => 0,
    };
    word.to_le_bytes()
}

/// The place of the first special byte of a word.
#[inline(always)]
fn place_of_first(special: u64) -> usize {
    special.trailing_zeros() as usize / 8
}

/// A word of one byte repeated.
pub(super) const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD])
}

/// A word in which the highest bit of each byte that is not plain is set.
///
/// The bits of later bytes may be set wrongly, since a subtraction borrows from the bytes above.
/// The lowest set bit is always right.
#[inline(always)]
fn special_bytes<const ASCII: bool>(word: [u8; WORD]) -> u64 {
    // The quotation mark takes the place of the space, next to the control characters, which stay among themselves.
    const SWAPPED: u64 = each(b' ' ^ b'"');
    const BELOW: u64 = each(b' ' + 1);
    const BACKSLASHES: u64 = each(b'\\');
    const ONES: u64 = each(1);
    const HIGHEST_BITS: u64 = each(0x80);
    let word = u64::from_le_bytes(word);
    let controls_and_quotes = (word ^ SWAPPED).wrapping_sub(BELOW);
    let backslashes = (word ^ BACKSLASHES).wrapping_sub(ONES);
    let escaped = controls_and_quotes | backslashes;
    (if ASCII { escaped | word } else { escaped & !word }) & HIGHEST_BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_plain(byte: u8, ascii: bool) -> bool {
        !matches!(byte, b'"' | b'\\' | 0..0x20) && (byte.is_ascii() || !ascii)
    }

    proptest! {
        #[test]
        fn the_first_byte_that_is_not_plain_ends_the_text(
            start in prop::collection::vec(prop_oneof![b' '..=b'!', b']'..=0xff, Just(0x7f)], 0..70),
            rest in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let text = [start, rest].concat();
            for ascii in [false, true] {
                let expected = text.iter().take_while(|byte| is_plain(**byte, ascii)).count();
                let found = if ascii { plain_length::<true>(&text) } else { plain_length::<false>(&text) };
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn every_byte_at_every_place_of_every_length() {
        for length in 0..50 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'x'; length];
                    text[place] = byte;
                    let expected = |ascii| if is_plain(byte, ascii) { length } else { place };
                    assert_eq!(plain_length::<false>(&text), expected(false), "{length} {place} {byte}");
                    assert_eq!(plain_length::<true>(&text), expected(true), "{length} {place} {byte}");
                }
            }
        }
    }
}
