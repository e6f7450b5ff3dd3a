//! The requests and answers of the extension `sync.digest` (contract 3.8), with which two sides find out
//! what differs. The digests themselves are computed in [`crate::mutation::digest`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::bounded_list::BoundedList;
use super::cursor::Cursor;
use super::error::NeitherDialect;
use super::raw_object::RawObject;

/// Bytes of a digest.
const DIGEST_BYTES: usize = 16;

/// A request of the extension, and how its answer is read.
pub trait DigestQuery: Serialize {
    /// The answer.
    type Answer;

    /// Reads the result inside the envelope of an answer to this request.
    ///
    /// # Errors
    /// [`NeitherDialect`] when it is none.
    fn read(&self, result: &RawObject<'_>) -> Result<Self::Answer, NeitherDialect>;
}

impl DigestQuery for DigestRequest {
    type Answer = DigestAnswer;

    fn read(&self, result: &RawObject<'_>) -> Result<DigestAnswer, NeitherDialect> {
        DigestAnswer::from_raw(result, self)
    }
}

impl DigestQuery for BucketsRequest {
    type Answer = BucketsAnswer;

    fn read(&self, result: &RawObject<'_>) -> Result<BucketsAnswer, NeitherDialect> {
        BucketsAnswer::from_raw(result, self)
    }
}

/// A resource or join store of which digests are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DigestTable {
    /// The name of the resource or join store.
    pub name: String,
    /// The fields that count; `None` is all that the server's schema has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
}

/// Asks for the digests of all buckets of tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestRequest {
    /// The client id of the caller.
    pub client_id: String,
    /// The number of buckets of each table as a power of two, 0 to 16.
    pub bits: u8,
    /// The tables.
    pub tables: Vec<DigestTable>,
}

/// Asks for the content digests of all items in some buckets of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketsRequest {
    /// The client id of the caller.
    pub client_id: String,
    /// The number of buckets of the table as a power of two, 0 to 16.
    pub bits: u8,
    /// The table.
    #[serde(flatten)]
    pub table: DigestTable,
    /// The numbers of the buckets, each once.
    pub buckets: Vec<u32>,
}

/// The digests of the buckets of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigests {
    /// The number of items in the table.
    pub count: u64,
    /// The digest of each bucket, by number.
    pub digests: Vec<[u8; DIGEST_BYTES]>,
}

/// The answer to a [`DigestRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestAnswer {
    /// The server's sequence when the digests were computed.
    pub cursor: Cursor,
    /// The digests by the name of the table.
    pub tables: BTreeMap<String, TableDigests>,
}

impl DigestAnswer {
    /// Reads the result inside the envelope of an answer to `request`.
    ///
    /// # Errors
    /// [`NeitherDialect`] when a member is missing or has the wrong type, when a table has another number
    /// of buckets than was asked for, and for a table that was not asked for.
    pub fn from_raw(result: &RawObject<'_>, request: &DigestRequest) -> Result<Self, NeitherDialect> {
        #[derive(Deserialize)]
        struct Wire {
            count: u64,
            digests: String,
        }
        let answered: RawObject<'_> = required(result, "tables")?;
        if answered.len() > request.tables.len() {
            return Err(NeitherDialect::new("`tables` has a table that was not asked for"));
        }
        let mut tables = BTreeMap::new();
        for DigestTable { name, .. } in &request.tables {
            let missing = || NeitherDialect::new(format!("`tables` has no `{name}`"));
            let Wire { count, digests } = answered.get(name)?.ok_or_else(missing)?;
            let bytes = STANDARD.decode(digests);
            let bytes =
                bytes.map_err(|error| NeitherDialect::new(format!("`digests` of `{name}`: {error}")))?;
            let (digests, rest) = bytes.as_chunks();
            if !rest.is_empty() || digests.len() != 1 << request.bits {
                let message = format!("`digests` of `{name}` are not those of {} buckets", 1 << request.bits);
                return Err(NeitherDialect::new(message));
            }
            tables.insert(name.clone(), TableDigests { count, digests: digests.to_vec() });
        }
        Ok(Self { cursor: required(result, "cursor")?, tables })
    }
}

/// An item of a table, with its content digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestItem {
    /// The id of a record, the id at the `from` end of a join row.
    pub id: String,
    /// The id at the `to` end of a join row; `None` for a record.
    pub to: Option<String>,
    /// The content digest.
    pub content: [u8; DIGEST_BYTES],
}

/// The answer to a [`BucketsRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketsAnswer {
    /// The server's sequence when the buckets were read.
    pub cursor: Cursor,
    /// How many of the buckets the answer covers, from the first one on; at least one.
    pub answered: usize,
    /// All items of those buckets, in any order.
    pub items: Vec<DigestItem>,
}

impl BucketsAnswer {
    /// Reads the result inside the envelope of an answer to `request`.
    ///
    /// # Errors
    /// [`NeitherDialect`] when a member is missing or has the wrong type, or when it covers no bucket or
    /// more than were asked for.
    pub fn from_raw(result: &RawObject<'_>, request: &BucketsRequest) -> Result<Self, NeitherDialect> {
        let answered = required(result, "answered")?;
        if answered == 0 || answered > request.buckets.len() {
            let message = format!("`answered` is {answered} of {} buckets", request.buckets.len());
            return Err(NeitherDialect::new(message));
        }
        let items: BoundedList<BoundedList<String>> = required(result, "items")?;
        let items = items.0.into_iter().map(|item| digest_item(&item.0)).collect::<Result<_, _>>()?;
        Ok(Self { cursor: required(result, "cursor")?, answered, items })
    }
}

fn required<'a, T: Deserialize<'a>>(result: &RawObject<'a>, name: &str) -> Result<T, NeitherDialect> {
    result.get(name)?.ok_or_else(|| NeitherDialect::new(format!("there is no `{name}`")))
}

fn digest_item(item: &[String]) -> Result<DigestItem, NeitherDialect> {
    let (id, to, hex) = match item {
        [id, hex] => (id, None, hex),
        [from, to, hex] => (from, Some(to.clone()), hex),
        _ => return Err(NeitherDialect::new("an item has neither two nor three members")),
    };
    let content = parse_hex(hex).ok_or_else(|| NeitherDialect::new("a digest is not 32 hex digits"))?;
    Ok(DigestItem { id: id.clone(), to, content })
}

fn parse_hex(hex: &str) -> Option<[u8; DIGEST_BYTES]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let mut bytes = [0; DIGEST_BYTES];
    if pairs.len() != DIGEST_BYTES || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(bits: u8) -> DigestRequest {
        let table = DigestTable { name: "todos".to_owned(), fields: None };
        DigestRequest { client_id: "C".to_owned(), bits, tables: vec![table] }
    }

    fn digests(answer: &Value, bits: u8) -> Result<DigestAnswer, NeitherDialect> {
        DigestAnswer::from_raw(&RawObject::read(&answer.to_string()).unwrap(), &request(bits))
    }

    #[test]
    fn reads_as_many_digests_as_were_asked_for() {
        let answer =
            |digests: String| json!({"cursor": "12", "tables": {"todos": {"count": 2, "digests": digests}}});
        let two = STANDARD.encode([7; 32]);
        let read = digests(&answer(two.clone()), 1).unwrap();
        assert_eq!((read.cursor, read.tables["todos"].count), (Cursor::from(12), 2));
        assert_eq!(read.tables["todos"].digests, [[7; 16]; 2]);
        for wrong in [
            answer(two),
            answer(STANDARD.encode([7; 65])),
            answer("%".into()),
            json!({"cursor": "12", "tables": {
                "todos": {"count": 0, "digests": STANDARD.encode([0; 64])},
                "other": {"count": 0, "digests": STANDARD.encode([0; 64])}}}),
            json!({"cursor": "12", "tables": {}}),
            json!({"tables": {"todos": {"count": 0, "digests": STANDARD.encode([0; 64])}}}),
            json!({"cursor": "12", "tables": {"todos": {"count": -1, "digests": STANDARD.encode([0; 64])}}}),
        ] {
            assert!(digests(&wrong, 2).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_items_of_records_and_join_rows() {
        let table = DigestTable { name: "todos".to_owned(), fields: Some(vec!["title".to_owned()]) };
        let request = BucketsRequest { client_id: "C".to_owned(), bits: 4, table, buckets: vec![5, 9] };
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            json!({"clientId": "C", "bits": 4, "name": "todos", "fields": ["title"], "buckets": [5, 9]})
        );
        let read = |answer: &Value| {
            BucketsAnswer::from_raw(&RawObject::read(&answer.to_string()).unwrap(), &request)
        };
        let hex = "0123456789abcdef0123456789ABCDEF";
        let answer = json!({"cursor": "12", "answered": 1, "items": [["t1", hex], ["a", "b", hex]]});
        let read_items = read(&answer).unwrap().items;
        assert_eq!((&*read_items[0].id, &read_items[0].to), ("t1", &None));
        assert_eq!((&*read_items[1].id, read_items[1].to.as_deref()), ("a", Some("b")));
        assert_eq!(read_items[0].content[..3], [0x01, 0x23, 0x45]);
        for wrong in [
            json!({"cursor": "12", "answered": 0, "items": []}),
            json!({"cursor": "12", "answered": 3, "items": []}),
            json!({"cursor": "12", "answered": 1}),
            json!({"cursor": "12", "answered": 1, "items": [["t1"]]}),
            json!({"cursor": "12", "answered": 1, "items": [["t1", &hex[1..]]]}),
            json!({"cursor": "12", "answered": 1, "items": [["t1", hex.replace('a', "g")]]}),
            json!({"cursor": "12", "answered": 1, "items": [["t1", "b", hex, "c"]]}),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
