//! BLAKE3 of many short texts at a time, one text in each lane of the vector unit (SIMD).
//!
//! BLAKE3 chains the blocks of a text: each compression needs the result of the one before, so
//! hashing one short text leaves all lanes but one idle. Texts with the same number of full blocks
//! take the same steps and are therefore hashed together. The result is BLAKE3's; the tests of
//! [`super::hasher`] compare every length with the plain hash.
//!
//! This needs `blake3::platform`, which is outside the crate's documented interface. `Cargo.toml`
//! pins its version for that reason, and the feature `simd-hash` can turn this file off.

use blake3::platform::{MAX_SIMD_DEGREE, Platform, le_bytes_from_words_32, words_from_le_bytes_32};
use blake3::{BLOCK_LEN, CHUNK_LEN, IncrementCounter, OUT_LEN};
use bytes::BytesMut;

use super::id::ContentHash;

/// The initial chaining value (section 2.2 of the BLAKE3 paper).
const IV: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
/// Flags of the compressions of a text of one chunk (section 2.2 of the BLAKE3 paper).
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;

/// The texts in a buffer that are hashed together.
#[derive(Debug)]
pub(super) struct Lanes {
    platform: Platform,
    inputs: Vec<PaddedInput>,
}

/// A text in the buffer, padded with zeros to whole blocks.
#[derive(Debug, Clone, Copy)]
struct PaddedInput {
    /// The index of its hash.
    index: usize,
    /// Its first byte in the buffer.
    start: usize,
    /// Its length in bytes, without the padding.
    len: usize,
}

impl PaddedInput {
    /// The number of blocks before the last one, which may be partial.
    fn full_blocks(self) -> usize {
        self.len.saturating_sub(1) / BLOCK_LEN
    }
}

impl Default for Lanes {
    fn default() -> Self {
        Self { platform: Platform::detect(), inputs: Vec::new() }
    }
}

impl Lanes {
    /// Takes the text from `start` to the end of the buffer, pads it, and returns `true`; its hash
    /// will be at `index`. A text of more than one chunk is a tree of chunks, not a chain of
    /// blocks: it is left unchanged, and the result is `false`.
    pub(super) fn add(&mut self, buffer: &mut BytesMut, start: usize, index: usize) -> bool {
        let len = buffer.len() - start;
        if len > CHUNK_LEN {
            return false;
        }
        let padded = len.next_multiple_of(BLOCK_LEN).max(BLOCK_LEN);
        buffer.extend_from_slice(&[0; BLOCK_LEN][..padded - len]);
        self.inputs.push(PaddedInput { index, start, len });
        true
    }

    /// Forgets all texts that were added.
    pub(super) fn clear(&mut self) {
        self.inputs.clear();
    }

    /// Hashes all texts that were added, and forgets them.
    pub(super) fn hash(&mut self, buffer: &[u8], hashes: &mut [ContentHash]) {
        self.inputs.sort_unstable_by_key(|input| input.full_blocks());
        for same in self.inputs.chunk_by(|one, other| one.full_blocks() == other.full_blocks()) {
            for inputs in same.chunks(MAX_SIMD_DEGREE) {
                hash_side_by_side(self.platform, buffer, inputs, hashes);
            }
        }
        self.inputs.clear();
    }
}

/// Hashes texts with the same number of full blocks, at most one for each lane.
fn hash_side_by_side(platform: Platform, buffer: &[u8], inputs: &[PaddedInput], hashes: &mut [ContentHash]) {
    let mut chained = [[0; OUT_LEN]; MAX_SIMD_DEGREE];
    let full_blocks = inputs[0].full_blocks();
    if full_blocks > 0 {
        CHAINS[full_blocks - 1](platform, buffer, inputs, chained.as_flattened_mut());
    }
    for (input, chained) in inputs.iter().zip(&chained) {
        let (mut words, mut flags) = (words_from_le_bytes_32(chained), CHUNK_END | ROOT);
        if full_blocks == 0 {
            (words, flags) = (IV, flags | CHUNK_START);
        }
        let (last, _) = buffer[input.start + full_blocks * BLOCK_LEN..]
            .split_first_chunk()
            .expect("every input is padded to whole blocks");
        #[expect(clippy::cast_possible_truncation, reason = "the last block has at most 64 bytes")]
        let len = (input.len - full_blocks * BLOCK_LEN) as u8;
        platform.compress_in_place(&mut words, last, len, 0, flags);
        hashes[input.index] = ContentHash::first_of(&le_bytes_from_words_32(&words));
    }
}

/// Chains the full blocks of each input, and writes the chaining values one after the other.
type Chain = fn(Platform, &[u8], &[PaddedInput], &mut [u8]);

/// The functions for 1, 2, … 15 full blocks: BLAKE3 takes the length as a constant.
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

fn chain<const N: usize>(platform: Platform, buffer: &[u8], inputs: &[PaddedInput], out: &mut [u8]) {
    let mut blocks = [&[0; N]; MAX_SIMD_DEGREE];
    for (blocks, input) in blocks.iter_mut().zip(inputs) {
        *blocks = buffer[input.start..].first_chunk().expect("every input has its full blocks");
    }
    let blocks = &blocks[..inputs.len()];
    platform.hash_many(blocks, &IV, 0, IncrementCounter::No, 0, CHUNK_START, 0, out);
}
