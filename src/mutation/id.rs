//! The content hash that makes a mutation id deterministic (contract 3.2).

/// The first 16 bytes of the BLAKE3 hash of a mutation's canonical JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; Self::BYTES]);

impl ContentHash {
    const BYTES: usize = 16;

    /// The hash of all parts, one behind the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        Self::first_of(hasher.finalize().as_bytes())
    }

    /// What is taken of a whole hash.
    pub(super) fn first_of(whole: &[u8; blake3::OUT_LEN]) -> Self {
        let mut first = [0; Self::BYTES];
        first.copy_from_slice(&whole[..Self::BYTES]);
        Self(first)
    }

    /// Its bytes, for a digest of many.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends 32 lower-case hex digits.
    pub fn write_hex(self, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digits = self.0.map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]]);
        out.extend_from_slice(digits.as_flattened());
    }
}

/// What a mutation is about; the second part of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutationKind {
    /// A record.
    Record,
    /// A join row.
    JoinRow,
}

impl MutationKind {
    /// The name in ids and hashes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "rec",
            Self::JoinRow => "rel",
        }
    }
}
