//! The content hashes of many mutations at a time (contract 3.2).
//!
//! A hash of a short text is a chain of steps, each of which waits for the one before: a
//! processor that could do sixteen of them side by side does one. So texts of the same
//! number of blocks are hashed together, a text to each lane of the vector unit. What comes
//! out is BLAKE3 to the letter: [`ContentHash::of`] gives the same for each text alone.

use blake3::platform::{MAX_SIMD_DEGREE, Platform, le_bytes_from_words_32, words_from_le_bytes_32};
use blake3::{BLOCK_LEN, CHUNK_LEN, IncrementCounter, OUT_LEN};

use super::id::ContentHash;

/// Where every hash begins, and what marks the steps of a text of one chunk (section 2.2 of
/// the BLAKE3 paper).
const IV: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;

/// A buffer that has grown beyond this is given back: one large text must not cost memory
/// for the rest of the run.
const KEPT_BYTES: usize = 256 * 1024;

/// Hashes many texts at a time.
#[derive(Debug)]
pub struct ContentHasher {
    platform: Platform,
    /// The texts one behind the other, each filled up to whole blocks.
    blocks: Vec<u8>,
    texts: Vec<Text>,
    /// Of the texts, in their order.
    hashes: Vec<ContentHash>,
}

/// A text in the buffer.
#[derive(Debug, Clone, Copy)]
struct Text {
    /// Its place among the texts.
    index: usize,
    start: usize,
    len: usize,
}

impl Text {
    /// How many blocks come before the last one, which may be a part of one.
    fn full_blocks(self) -> usize {
        self.len.saturating_sub(1) / BLOCK_LEN
    }
}

impl Default for ContentHasher {
    fn default() -> Self {
        Self { platform: Platform::detect(), blocks: Vec::new(), texts: Vec::new(), hashes: Vec::new() }
    }
}

impl ContentHasher {
    /// One hash for each item, in their order, of what `write` appends for it.
    pub fn hash<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Vec<u8>, T),
    ) -> &[ContentHash] {
        self.hashes.clear();
        for item in items {
            let start = self.blocks.len();
            write(&mut self.blocks, item);
            self.add(start);
        }
        self.texts.sort_unstable_by_key(|text| text.full_blocks());
        for same in self.texts.chunk_by(|one, other| one.full_blocks() == other.full_blocks()) {
            for lanes in same.chunks(MAX_SIMD_DEGREE) {
                hash_lanes(self.platform, &self.blocks, lanes, &mut self.hashes);
            }
        }
        self.texts.clear();
        self.blocks.clear();
        self.blocks.shrink_to(KEPT_BYTES);
        &self.hashes
    }

    /// Takes in the text that the buffer ends with.
    fn add(&mut self, start: usize) {
        let (index, len) = (self.hashes.len(), self.blocks.len() - start);
        if len > CHUNK_LEN {
            // It is a tree of chunks, not a chain.
            self.hashes.push(ContentHash::of(&[&self.blocks[start..]]));
            self.blocks.truncate(start);
            return;
        }
        self.blocks.resize(start + len.next_multiple_of(BLOCK_LEN).max(BLOCK_LEN), 0);
        self.hashes.push(ContentHash::default());
        self.texts.push(Text { index, start, len });
    }
}

/// Hashes texts of the same number of blocks.
fn hash_lanes(platform: Platform, blocks: &[u8], lanes: &[Text], hashes: &mut [ContentHash]) {
    let mut chained = [[0; OUT_LEN]; MAX_SIMD_DEGREE];
    let full_blocks = lanes[0].full_blocks();
    if full_blocks > 0 {
        CHAINS[full_blocks - 1](platform, blocks, lanes, chained.as_flattened_mut());
    }
    for (text, chained) in lanes.iter().zip(&chained) {
        let (mut words, mut flags) = (words_from_le_bytes_32(chained), CHUNK_END | ROOT);
        if full_blocks == 0 {
            (words, flags) = (IV, flags | CHUNK_START);
        }
        let (last, _) = blocks[text.start + full_blocks * BLOCK_LEN..]
            .split_first_chunk()
            .expect("a text is filled up to whole blocks");
        #[expect(clippy::cast_possible_truncation, reason = "a block is no longer than 64 bytes")]
        let len = (text.len - full_blocks * BLOCK_LEN) as u8;
        platform.compress_in_place(&mut words, last, len, 0, flags);
        hashes[text.index] = ContentHash::first_of(&le_bytes_from_words_32(&words));
    }
}

/// Chains the full blocks of each lane, and writes what comes out one behind the other.
type Chain = fn(Platform, &[u8], &[Text], &mut [u8]);

/// By the number of full blocks, from one on.
const CHAINS: [Chain; CHUNK_LEN / BLOCK_LEN - 1] = [
    chain::<64>,
    chain::<128>,
    chain::<192>,
    chain::<256>,
    chain::<320>,
    chain::<384>,
    chain::<448>,
    chain::<512>,
    chain::<576>,
    chain::<640>,
    chain::<704>,
    chain::<768>,
    chain::<832>,
    chain::<896>,
    chain::<960>,
];

fn chain<const N: usize>(platform: Platform, blocks: &[u8], lanes: &[Text], out: &mut [u8]) {
    let mut inputs = [&[0; N]; MAX_SIMD_DEGREE];
    for (input, text) in inputs.iter_mut().zip(lanes) {
        *input = blocks[text.start..].first_chunk().expect("a text has all of its blocks");
    }
    let inputs = &inputs[..lanes.len()];
    platform.hash_many(inputs, &IV, 0, IncrementCounter::No, 0, CHUNK_START, 0, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_length_is_hashed_as_it_is_alone() {
        let bytes: Vec<u8> = (0..=250).cycle().take(CHUNK_LEN + 130).collect();
        let mut all = ContentHasher::default();
        let hashes = all.hash(0..bytes.len(), |text, len| text.extend_from_slice(&bytes[..len]));
        assert_eq!(hashes.len(), bytes.len());
        for (len, hash) in hashes.iter().enumerate() {
            assert_eq!(*hash, ContentHash::of(&[&bytes[..len]]), "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn many_texts_give_the_hashes_that_each_gives_alone(
            rounds in prop::collection::vec(prop::collection::vec((0..1200_usize, any::<u8>()), 0..60), 1..4),
        ) {
            let mut all = ContentHasher::default();
            for texts in rounds {
                let texts: Vec<_> = texts.into_iter().map(|(len, byte)| vec![byte; len]).collect();
                let alone: Vec<_> = texts.iter().map(|text| ContentHash::of(&[text])).collect();
                prop_assert_eq!(all.hash(texts.iter(), |out, text| out.extend_from_slice(text)), &alone);
            }
        }
    }
}
