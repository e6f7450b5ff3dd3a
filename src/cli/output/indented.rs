//! Indented JSON in which each object in a list is on one line: a thousand errors take a thousand lines,
//! not six thousand. Printing it is in [`super::print`](mod@super::print).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// A value as indented JSON.
pub(super) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut json = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut json, OneLineItems::default()))?;
    Ok(String::from_utf8(json).expect("serde_json writes UTF-8"))
}

/// Indents everything but what is in an item of a list.
#[derive(Default)]
struct OneLineItems<'a> {
    indented: PrettyFormatter<'a>,
    /// Whether the current place is in a list.
    is_in_list: bool,
    /// How many objects and lists are open in an item of that list.
    depth: usize,
}

impl OneLineItems<'_> {
    fn is_in_item(&self) -> bool {
        self.depth > 0
    }
}

impl Formatter for OneLineItems<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_list {
            self.depth += 1;
            return CompactFormatter.begin_array(writer);
        }
        self.is_in_list = true;
        self.indented.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_item() {
            self.depth -= 1;
            return CompactFormatter.end_array(writer);
        }
        self.is_in_list = false;
        self.indented.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_in_item() {
            return CompactFormatter.begin_array_value(writer, first);
        }
        self.indented.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_item() {
            return CompactFormatter.end_array_value(writer);
        }
        self.indented.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_list {
            self.depth += 1;
            return CompactFormatter.begin_object(writer);
        }
        self.indented.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_item() {
            self.depth -= 1;
            return CompactFormatter.end_object(writer);
        }
        self.indented.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_in_item() {
            return CompactFormatter.begin_object_key(writer, first);
        }
        self.indented.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_item() {
            return CompactFormatter.begin_object_value(writer);
        }
        self.indented.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_item() {
            return CompactFormatter.end_object_value(writer);
        }
        self.indented.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_object_in_a_list_is_on_one_line() {
        let value = json!({"a": {"b": [], "c": {}}, "errors": [{"code": "X", "more": [1, {"y": 2}]}, 7]});
        insta::assert_snapshot!(to_string(&value).unwrap(), @r#"
        {
          "a": {
            "b": [],
            "c": {}
          },
          "errors": [
            {"code":"X","more":[1,{"y":2}]},
            7
          ]
        }
        "#);
        insta::assert_snapshot!(to_string(&json!([{"a": 1}, {"a": 2}])).unwrap(), @r#"
        [
          {"a":1},
          {"a":2}
        ]
        "#);
        for value in [value, json!([[[1]], {}]), json!([]), json!("x"), Value::Null] {
            assert_eq!(serde_json::from_str::<Value>(&to_string(&value).unwrap()).unwrap(), value);
        }
    }
}
