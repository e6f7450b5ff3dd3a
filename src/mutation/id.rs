//! The parts of a mutation id that make it deterministic: kind and content hash (contract 3.2).
//!
//! [`super::encode`] puts the id together; [`super::hasher`] computes many hashes at a time.

use bytes::BytesMut;

use super::plain_bytes::each;

/// The first 16 bytes of the BLAKE3 hash of a mutation's canonical JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; Self::BYTES]);

impl ContentHash {
    const BYTES: usize = 16;

    /// The hash of the concatenation of all slices.
    #[must_use]
    pub fn of(slices: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for slice in slices {
            hasher.update(slice);
        }
        Self::first_of(hasher.finalize().as_bytes())
    }

    /// The first bytes of a whole BLAKE3 hash.
    pub(super) fn first_of(whole: &[u8; blake3::OUT_LEN]) -> Self {
        let mut first = [0; Self::BYTES];
        first.copy_from_slice(&whole[..Self::BYTES]);
        Self(first)
    }

    /// A hash that was stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, for a digest of many hashes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The hash as 32 lower-case hex digits.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "hex digits are ASCII")]
    pub fn to_hex(self) -> String {
        let mut hex = BytesMut::with_capacity(2 * Self::BYTES);
        self.write_hex(&mut hex);
        String::from_utf8(hex.into()).expect("hex digits are ASCII")
    }

    /// Appends what [`Self::to_hex`] gives.
    pub(super) fn write_hex(self, out: &mut BytesMut) {
        for bytes in self.0.as_chunks().0 {
            out.extend_from_slice(&hex_digits(*bytes));
        }
    }
}

/// The hex digits of four bytes, computed side by side in one word.
fn hex_digits(bytes: [u8; 4]) -> [u8; 8] {
    const ZEROS: u64 = each(b'0');
    const ONES: u64 = each(1);
    const SIXES: u64 = each(6);
    const LOW_BITS: u64 = each(0xf);
    // A letter is as far from the digit that would follow 9.
    const LETTER: u64 = (b'a' - b'9' - 1) as u64;
    // Every byte becomes two, with its high four bits in the first and the low ones in the second.
    let word = u64::from(u32::from_le_bytes(bytes));
    let word = (word | word << 16) & 0x0000_ffff_0000_ffff;
    let word = (word | word << 8) & 0x00ff_00ff_00ff_00ff;
    let values = (word >> 4 | word << 8) & LOW_BITS;
    let letters = ((values + SIXES) >> 4) & ONES;
    (values + ZEROS + letters * LETTER).to_le_bytes()
}

/// The kind of a mutation's subject; the second part of a mutation id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MutationKind {
    /// A record: `rec`.
    Record,
    /// A join row: `rel`.
    JoinRow,
    /// The delete of a record that the application has marked as deleted: `del`.
    Delete,
}

impl MutationKind {
    /// The name in the mutation id and in the hashed text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "rec",
            Self::JoinRow => "rel",
            Self::Delete => "del",
        }
    }
}
