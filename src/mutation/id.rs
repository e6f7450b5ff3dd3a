//! The content hash that makes a mutation id deterministic (contract 3.2).

/// The first 16 bytes of the BLAKE3 hash of a mutation's canonical JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        let mut hash = [0; Self::BYTES];
        hasher.finalize_xof().fill(&mut hash);
        Self(hash)
    }

    /// 32 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        let mut hex = String::with_capacity(2 * Self::BYTES);
        for byte in self.0 {
            for digit in [byte >> 4, byte & 0xf] {
                hex.extend(char::from_digit(digit.into(), 16));
            }
        }
        hex
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
