//! The content hashes of many mutations at a time (contract 3.2).
//!
//! With the feature `simd-hash`, [`super::lanes`] computes them side by side in the lanes of the
//! vector unit; without it, [`ContentHash::of`] computes them one by one. The hashes are the same.

use std::convert::Infallible;

use bytes::BytesMut;

use super::id::ContentHash;
#[cfg(feature = "simd-hash")]
use super::lanes::Lanes;

/// Capacity in bytes to which the buffer shrinks before it is used again, so that one large mutation does not
/// occupy memory for the rest of the run.
const KEPT_BYTES: usize = 256 * 1024;

/// Hashes many texts at a time, in buffers that it reuses.
#[derive(Debug, Default)]
pub struct ContentHasher {
    /// The texts, one after the other.
    buffer: BytesMut,
    /// The texts in the buffer that are hashed together.
    #[cfg(feature = "simd-hash")]
    lanes: Lanes,
    /// The hashes, in the order of the texts.
    hashes: Vec<ContentHash>,
}

/// Texts that were hashed.
#[derive(Debug, Clone, Copy)]
pub struct Hashed<'h> {
    /// The buffer with the texts, each where it was appended.
    pub texts: &'h [u8],
    /// The hash of each text, in the order of the texts.
    pub hashes: &'h [ContentHash],
}

impl ContentHasher {
    /// Hashes one text for each item, in the order of the items.
    ///
    /// `write` appends the text of an item to the buffer and must not change what is before it.
    pub fn hash<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut BytesMut, T),
    ) -> &[ContentHash] {
        let hashed = self.try_hash(items, |buffer, item| {
            write(buffer, item);
            Ok::<_, Infallible>(())
        });
        let Ok(Hashed { hashes, .. }) = hashed;
        hashes
    }

    /// As [`Self::hash`], with a `write` that can fail. The texts stay in the buffer until the next call.
    ///
    /// # Errors
    /// The first error of `write`; then nothing is hashed.
    pub fn try_hash<T, E>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut BytesMut, T) -> Result<(), E>,
    ) -> Result<Hashed<'_>, E> {
        self.clear();
        for item in items {
            let start = self.buffer.len();
            write(&mut self.buffer, item)?;
            self.add(start);
        }
        #[cfg(feature = "simd-hash")]
        self.lanes.hash(&self.buffer, &mut self.hashes);
        Ok(Hashed { texts: &self.buffer, hashes: &self.hashes })
    }

    fn clear(&mut self) {
        self.hashes.clear();
        self.buffer.clear();
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = BytesMut::with_capacity(KEPT_BYTES);
        }
        #[cfg(feature = "simd-hash")]
        self.lanes.clear();
    }

    /// Hashes the text at the end of the buffer, or leaves it to the lanes.
    fn add(&mut self, start: usize) {
        #[cfg(feature = "simd-hash")]
        if self.lanes.add(&mut self.buffer, start, self.hashes.len()) {
            self.hashes.push(ContentHash::default());
            return;
        }
        self.hashes.push(ContentHash::of(&[&self.buffer[start..]]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The length of a BLAKE3 chunk and two blocks more, so that every way of hashing is used.
    const LONGEST: usize = blake3::CHUNK_LEN + 130;

    /// The hash by the public interface of the `blake3` crate alone.
    fn plain(text: &[u8]) -> Vec<u8> {
        blake3::hash(text).as_bytes()[..16].to_vec()
    }

    #[test]
    fn gives_the_plain_blake3_hash_for_every_length() {
        let bytes: Vec<u8> = (0..=250).cycle().take(LONGEST).collect();
        let mut many = ContentHasher::default();
        let hashes = many.hash(0..bytes.len(), |text, len| text.extend_from_slice(&bytes[..len]));
        assert_eq!(hashes.len(), bytes.len());
        for (len, hash) in hashes.iter().enumerate() {
            assert_eq!(hash.as_bytes(), plain(&bytes[..len]), "{len} bytes");
            assert_eq!(*hash, ContentHash::of(&[&bytes[..len]]), "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn gives_each_of_many_texts_its_plain_blake3_hash(
            rounds in prop::collection::vec(prop::collection::vec((0..1200_usize, any::<u8>()), 0..60), 1..4),
        ) {
            let mut many = ContentHasher::default();
            for texts in rounds {
                let texts: Vec<_> = texts.into_iter().map(|(len, byte)| vec![byte; len]).collect();
                let hashes = many.hash(texts.iter(), |out, text| out.extend_from_slice(text));
                prop_assert_eq!(hashes.len(), texts.len());
                for (hash, text) in hashes.iter().zip(&texts) {
                    prop_assert_eq!(hash.as_bytes(), plain(text));
                    prop_assert_eq!(*hash, ContentHash::of(&[text]));
                }
            }
        }
    }
}
