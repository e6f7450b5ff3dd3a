//! Shards: parts of the ids of an upload, each of which another job sends (contract 3.7). Which number a
//! job has is decided by the command line; what a shard uploads is decided in [`crate::cloneup`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of several disjoint sets of ids that together are all ids. In JSON `{"index":3,"of":8}`.
///
/// ```
/// use synctool::cloneup::Shard;
///
/// let shards = [1, 2, 3].map(|index| Shard::new(index, 3).unwrap());
/// assert_eq!(shards.iter().filter(|shard| shard.has("t1")).count(), 1);
/// assert_eq!(shards[0].to_string(), "1 of 3");
/// assert!(Shard::new(4, 3).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Numbers")]
pub struct Shard {
    index: u32,
    of: u32,
}

/// The numbers of a shard before they are checked.
#[derive(Deserialize)]
struct Numbers {
    index: u32,
    of: u32,
}

/// The error for a number that is not between 1 and the number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no shard {index} of {of}: shards are numbered from 1")]
pub struct InvalidShard {
    index: u32,
    of: u32,
}

impl Shard {
    /// The shard with this number, from 1, of this many shards.
    ///
    /// # Errors
    /// [`InvalidShard`] when there is no such shard.
    pub fn new(index: u32, of: u32) -> Result<Self, InvalidShard> {
        if (1..=of).contains(&index) { Ok(Self { index, of }) } else { Err(InvalidShard { index, of }) }
    }

    /// Its number, from 1.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of shards.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether it has this id: the first eight bytes of the id's BLAKE3 hash, as a big-endian integer
    /// modulo the number of shards, are its number minus 1.
    #[must_use]
    pub fn has(self, id: &str) -> bool {
        let hash = blake3::hash(id.as_bytes());
        let number = hash.as_bytes()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of) == u64::from(self.index - 1)
    }
}

impl TryFrom<Numbers> for Shard {
    type Error = InvalidShard;

    fn try_from(Numbers { index, of }: Numbers) -> Result<Self, InvalidShard> {
        Self::new(index, of)
    }
}

/// `3 of 8`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shard_of_an_id_is_fixed() {
        // The first 16 digits that `b3sum` prints.
        for (id, first) in [
            ("", 0xaf13_49b9_f5f9_a1a6_u64),
            ("t1", 0xdcbe_3f9d_9712_a1f7),
            ("todo:Zürich", 0xd4a8_9f96_3f6a_c1f2),
            ("a\0b", 0xfdeb_88a4_c6f0_2246),
        ] {
            let index = (1..=8).find(|index| Shard::new(*index, 8).unwrap().has(id));
            assert_eq!(index.map(u64::from), Some(first % 8 + 1), "{id:?}");
        }
    }

    #[test]
    fn reads_back_what_it_writes_and_nothing_out_of_range() {
        let shard = Shard::new(3, 8).unwrap();
        let json = serde_json::to_string(&shard).unwrap();
        assert_eq!(json, r#"{"index":3,"of":8}"#);
        assert_eq!(serde_json::from_str::<Shard>(&json).unwrap(), shard);
        for wrong in [r#"{"index":0,"of":8}"#, r#"{"index":9,"of":8}"#, r#"{"index":0,"of":0}"#] {
            assert!(serde_json::from_str::<Shard>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_id_is_in_exactly_one_shard(id in ".*", of in 1_u32..40) {
            let having = (1..=of).filter(|index| Shard::new(*index, of).unwrap().has(&id));
            prop_assert_eq!(having.count(), 1);
        }
    }
}
