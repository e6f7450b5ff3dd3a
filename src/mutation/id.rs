//! The parts of a mutation id that make it deterministic: kind and content hash (contract 3.2).
//!
//! [`super::encode`] puts the id together; [`super::hasher`] computes many hashes at a time.

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

    /// Appends the hash as 32 lower-case hex digits.
    pub fn write_hex(self, out: &mut Vec<u8>) {
        // Computed, not looked up, so that the compiler vectorizes it.
        let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
        let mut digits = [[0; 2]; 16];
        for (pair, byte) in digits.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 0xf)];
        }
        out.extend_from_slice(digits.as_flattened());
    }
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
