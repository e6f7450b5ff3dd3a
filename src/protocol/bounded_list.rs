//! A JSON array with an upper bound on its length, so that a hostile answer cannot exhaust memory. The
//! bound of a JSON object is in [`super::raw_object`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

/// Maximum number of items: more than any batch or page has, and few enough that reading them
/// takes no more memory than the largest answer.
pub(super) const MAX_ITEMS: usize = 500_000;

/// The items of a JSON array; deserializing more than 500,000 of them is an error.
#[derive(Debug)]
pub struct BoundedList<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for BoundedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = BoundedList<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
            if list.len() > MAX_ITEMS {
                return Err(A::Error::custom(format_args!("a list has more than {MAX_ITEMS} items")));
            }
        }
        Ok(BoundedList(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_list_over_the_limit() {
        let list = format!("[{}0]", "0,".repeat(MAX_ITEMS));
        assert!(serde_json::from_str::<BoundedList<u8>>(&list).is_err());
        assert_eq!(
            serde_json::from_str::<BoundedList<u8>>(&list.replacen("0,", "", 1)).unwrap().0.len(),
            MAX_ITEMS
        );
    }
}
