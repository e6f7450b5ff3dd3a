//! The draft of a row: what the thread that reads a row makes of it, for another thread to finish. The values
//! are written as [`super::fields`] writes them; only JSON text can be as it is stored, because making it
//! canonical is most of the work.
//!
//! A draft is a sequence of parts, each with its length before it: written text, JSON text, written text, and so
//! on. A finished draft has one part.

use std::mem::take;

use bytes::{BufMut as _, BytesMut};
use rusqlite::Row;

use crate::offline::map::fields::{MappedField, size_within};
use crate::offline::map::size::{RowSize, plain_size};
use crate::offline::map::value::{ValueError, write_json};

/// The number of bytes of a length. Every draft has more.
const LENGTH_BYTES: usize = size_of::<u64>();

/// What becomes of JSON text in a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonTexts {
    /// It is written as it is stored: the draft has to be finished.
    AsStored,
    /// It is made canonical: the draft is finished.
    Canonical,
}

/// A draft has JSON text that cannot be uploaded. Who has made it finds out why, and where the row
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a draft has JSON text that cannot be uploaded")]
pub struct NotMapped;

/// Appends the draft of the JSON object of a row's fields, whose columns begin at `first`; nothing when the
/// values alone take more than `max` bytes. An error comes with the field that cannot be mapped.
pub(crate) fn write_object<'f>(
    out: &mut BytesMut,
    fields: &'f [MappedField],
    row: &Row<'_>,
    first: usize,
    max: u64,
    json_texts: JsonTexts,
) -> Result<RowSize, (&'f MappedField, ValueError)> {
    let (start, mut size) = (out.len(), 0);
    let too_large = |out: &mut BytesMut| match size_within(fields, row, first, max) {
        RowSize::Fits => None,
        size @ RowSize::TooLarge { .. } => {
            out.truncate(start);
            Some(size)
        }
    };
    let mut part = begin_part(out);
    out.put_u8(b'{');
    for (field, column) in fields.iter().zip(first..) {
        let value = row.get_ref(column);
        // Not copied: the processor would wait for it.
        let value = value.as_ref().expect("the SELECT lists every field");
        size += plain_size(*value);
        if size > max
            && let Some(size) = too_large(out)
        {
            return Ok(size);
        }
        if field.leaves_out(*value) {
            continue;
        }
        field.write_key(out);
        match field.mapping.json_text(*value) {
            Some(text) if json_texts == JsonTexts::AsStored => {
                end_part(out, part);
                write_part(out, text);
                part = begin_part(out);
            }
            _ => {
                if let Err(error) = field.mapping.write(out, value) {
                    // A row that is too large is that, whatever else is wrong with it.
                    return too_large(out).ok_or((field, error));
                }
            }
        }
    }
    out.put_u8(b'}');
    end_part(out, part);
    Ok(RowSize::Fits)
}

/// Appends the draft of a row that is one JSON text, as it is stored.
pub(crate) fn write_text(out: &mut BytesMut, text: &[u8]) {
    write_part(out, b"");
    write_part(out, text);
}

/// Appends a finished draft, whose text `write` appends.
pub(crate) fn write_finished<E>(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    let part = begin_part(out);
    write(out)?;
    end_part(out, part);
    Ok(())
}

/// Appends the canonical JSON object of a draft that [`write_object`] has made, or that is finished.
pub(crate) fn finish_object(out: &mut BytesMut, mut draft: &[u8]) -> Result<(), NotMapped> {
    while let Some(written) = take_part(&mut draft) {
        out.extend_from_slice(written);
        if let Some(text) = take_part(&mut draft) {
            write_json(out, text).map_err(|_| NotMapped)?;
        }
    }
    Ok(())
}

/// The JSON text from which [`write_text`] has made a draft; `None` for a draft that is finished.
pub(crate) fn text(mut draft: &[u8]) -> Option<&[u8]> {
    take_part(&mut draft)?;
    take_part(&mut draft)
}

/// Begins a part; returns its place.
fn begin_part(out: &mut BytesMut) -> usize {
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    out.len()
}

/// Ends the part that begins at this place.
fn end_part(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u64;
    out[start - LENGTH_BYTES..start].copy_from_slice(&length.to_le_bytes());
}

fn write_part(out: &mut BytesMut, text: &[u8]) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text);
}

/// Takes the first part of a draft; `None` at its end.
fn take_part<'d>(draft: &mut &'d [u8]) -> Option<&'d [u8]> {
    let (length, rest) = take(draft).split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *draft = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::Value;

    use super::*;
    use crate::offline::map::fields;
    use crate::offline::sql::Table;
    use crate::schema::{Field, Schema};

    const SCHEMA: &str = r#"{"resources": [{"name": "t", "version": 1, "fields": [
        {"name": "a", "type": "json", "nullable": true}, {"name": "b", "type": "string"},
        {"name": "c", "type": "number", "nullable": true}, {"name": "d", "type": "array"},
        {"name": "e", "type": "json"}]}], "relations": []}"#;

    fn fields() -> Vec<Field> {
        Schema::parse(SCHEMA).unwrap().resources.remove(0).fields
    }

    /// Calls `check` with the mapped fields and a row that has these values.
    fn with_row(values: &[Value], check: impl FnOnce(&[MappedField], &Row<'_>)) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a, b, c, d, e)").unwrap();
        let table = Table::find(&connection, "t").unwrap().unwrap();
        let mapped = fields::map_fields(&fields(), &table, "t", |_| None, &mut Vec::new()).unwrap();
        let mut statement = connection.prepare("SELECT ?1, ?2, ?3, ?4, ?5").unwrap();
        let mut rows = statement.query(rusqlite::params_from_iter(values)).unwrap();
        check(&mapped, rows.next().unwrap().unwrap());
    }

    /// Texts of JSON columns, some of which are no JSON.
    const TEXTS: &[&str] =
        &["{}", "{", " {\"b\": 1.0, \"a\": [\"\\u0041\"]}", "null", "", "[1,2", "\"{\"", "{\"x\":\"{\"}"];

    fn json() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            prop::sample::select(TEXTS).prop_map(|text| Value::Text(text.to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn a_finished_draft_is_what_is_written_at_once(
            (a, d, e) in (json(), json(), json()),
            b in prop_oneof![any::<String>().prop_map(Value::Text), any::<Vec<u8>>().prop_map(Value::Blob)],
            c in prop_oneof![Just(Value::Null), any::<f64>().prop_map(Value::Real)],
        ) {
            with_row(&[a, b, c, d, e], |mapped, row| {
                let mut expected = BytesMut::new();
                let written = fields::write_object(&mut expected, mapped, row, 0).is_ok();

                let mut draft = BytesMut::from("before");
                let drafted = write_object(&mut draft, mapped, row, 0, u64::MAX, JsonTexts::AsStored);
                let mut finished = BytesMut::from("{");
                let is_finished = drafted.is_ok() && finish_object(&mut finished, &draft[6..]).is_ok();
                assert_eq!(is_finished, written);
                assert!(!written || finished[1..] == expected);

                let mut draft = BytesMut::new();
                let drafted = write_object(&mut draft, mapped, row, 0, u64::MAX, JsonTexts::Canonical);
                assert_eq!(drafted.is_ok(), written);
                assert!(!written || (draft[LENGTH_BYTES..] == expected && text(&draft).is_none()));
            });
        }
    }

    #[test]
    fn nothing_is_written_of_a_row_that_is_too_large() {
        let (short, spaces) = ("x".repeat(60), format!("[{}]", " ".repeat(1000)));
        let row = |a: &str| {
            let b = Value::Text(short.clone());
            [Value::Text(a.to_owned()), b, Value::Null, Value::Null, Value::Null]
        };
        for (a, expected) in [
            ("{}", RowSize::Fits),
            (&spaces, RowSize::Fits),
            (&format!("[\"{short}\"]"), { RowSize::TooLarge { bytes: 60 + 64 } }),
        ] {
            with_row(&row(a), |mapped, row| {
                let mut draft = BytesMut::from("before");
                let size = write_object(&mut draft, mapped, row, 0, 100, JsonTexts::AsStored);
                assert_eq!(size.ok(), Some(expected), "{a}");
                assert_eq!(draft.len() == 6, expected != RowSize::Fits, "{a}");
            });
        }
    }

    #[test]
    fn a_row_that_is_too_large_is_that_whatever_else_is_wrong_with_it() {
        let large = Value::Text(format!("[\"{}\"]", "x".repeat(200)));
        let values = [Value::Null, Value::Null, Value::Real(f64::INFINITY), large, Value::Null];
        with_row(&values, |mapped, row| {
            for json_texts in [JsonTexts::AsStored, JsonTexts::Canonical] {
                let mut draft = BytesMut::new();
                let mut written = |max| {
                    let written = write_object(&mut draft, mapped, row, 0, max, json_texts);
                    written.map_err(|(field, _)| field.name.as_str())
                };
                assert_eq!(written(100), Ok(RowSize::TooLarge { bytes: 204 }));
                assert_eq!(written(1000), Err("c"));
            }
        });
    }

    #[test]
    fn a_text_comes_back_and_a_draft_that_was_cut_does_not() {
        let mut draft = BytesMut::new();
        write_text(&mut draft, b"{\"a\": 1}");
        assert_eq!(text(&draft), Some(&b"{\"a\": 1}"[..]));
        assert_eq!(text(&draft[..draft.len() - 1]), None);
        let mut draft = BytesMut::new();
        let written: Result<(), ()> = write_finished(&mut draft, |out| {
            out.extend_from_slice(b"{}");
            Ok(())
        });
        assert_eq!((written, text(&draft)), (Ok(()), None));
    }
}
