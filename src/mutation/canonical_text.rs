//! Makes JSON text canonical (RFC 8785) in one pass, without a tree: what is canonical already is checked
//! while it is copied, members are sorted where they lie, and numbers and escapes are written anew. The tree
//! version, which decides where this one gives up, is in [`super::canonical`].

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Range;

use bytes::BytesMut;
use serde_json::Number;

use super::byte_order::prefix;
use super::canonical::{compare_keys, write_number, write_scalar_value};
use super::canonical_check::{MAX_DEPTH, is_canonical_number, is_reserved};
use super::plain_bytes::{each, plain_length};

/// Appends the canonical form of a JSON text, just as parsing and [`write_value`] would.
///
/// `None`: nothing is appended, because the text is not JSON, or a tree has to decide: keys that are there
/// twice, that have escapes or begin with [`RESERVED_PREFIX`](crate::protocol::RESERVED_PREFIX), and more than 64 levels of nesting.
///
/// ```
/// use synctool::internal::canonical_text::write_text;
///
/// let mut out = bytes::BytesMut::new();
/// assert!(write_text(&mut out, r#"{"b": 1.50, "a": [true, "\u00e9"]}"#).is_some());
/// assert_eq!(out, r#"{"a":[true,"é"],"b":1.5}"#);
/// ```
///
/// [`write_value`]: super::canonical::write_value
#[must_use]
pub fn write_text(out: &mut BytesMut, text: &str) -> Option<()> {
    let (start, mut scratch) = (out.len(), SCRATCH.take());
    scratch.members.clear();
    let written = Pass::<true> { text, at: 0, unwritten: 0, out, scratch: &mut scratch }.whole();
    if written.is_none() {
        out.truncate(start);
    }
    if scratch.sorted.capacity() <= KEPT_BYTES {
        SCRATCH.set(scratch);
    }
    written
}

/// Whether a text is JSON that [`write_text`] writes, but for keys that are there twice. `None`: it is not
/// JSON, or a parser has to decide.
#[must_use]
pub fn check_text(text: &str) -> Option<()> {
    let (out, scratch) = (&mut BytesMut::new(), &mut Scratch::default());
    Pass::<false> { text, at: 0, unwritten: 0, out, scratch }.whole()
}

/// Calls `each` with the key and the text of the value of every member of an object, in the order of the text.
///
/// `None`: the text is no JSON object, or a parser has to decide, as in [`check_text`]; `each` may have been
/// called then.
#[must_use]
pub fn read_members<'t>(text: &'t str, each: &mut dyn FnMut(&'t str, &'t str)) -> Option<()> {
    let (out, scratch) = (&mut BytesMut::new(), &mut Scratch::default());
    let mut pass = Pass::<false> { text, at: 0, unwritten: 0, out, scratch };
    pass.take(b'{')?;
    if pass.take(b'}').is_none() {
        loop {
            let key = pass.key()?;
            pass.skip_space();
            let start = pass.at;
            pass.value(1)?;
            each(&text[key], &text[start..pass.at]);
            if pass.take(b',').is_none() {
                break;
            }
        }
        pass.take(b'}')?;
    }
    pass.end()
}

/// How much memory a thread keeps for the next text, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// The buffers of the last text of this thread: most texts are short, and there are many.
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch { members: Vec::new(), sorted: Vec::new() }) };
}

/// Buffers of a pass.
#[derive(Debug, Default)]
struct Scratch {
    /// The members of the objects that are open, the innermost last.
    members: Vec<Member>,
    /// Members of an object in their new order.
    sorted: Vec<u8>,
}

/// A member of an object.
#[derive(Debug)]
struct Member {
    /// The content of the key in the text, without quotation marks; it has no escapes.
    key: Range<usize>,
    /// Its first bytes as a number that compares as they do.
    prefix: u64,
    /// The key and the value, without commas, in what is written.
    written: Range<usize>,
}

/// One text, read from left to right. Every method is `None` where it gives up. Nothing is written where
/// `WRITES` is false.
struct Pass<'t, 'o, const WRITES: bool> {
    text: &'t str,
    at: usize,
    /// Where the text begins that is read and not written. It is written as it is, in one piece, when the
    /// canonical form of what follows is another.
    unwritten: usize,
    out: &'o mut BytesMut,
    scratch: &'o mut Scratch,
}

impl<const WRITES: bool> Pass<'_, '_, WRITES> {
    /// Reads the whole text.
    fn whole(&mut self) -> Option<()> {
        self.value(0)?;
        self.end()?;
        self.flush();
        Some(())
    }

    /// Reads the space after the value.
    fn end(&mut self) -> Option<()> {
        self.skip_space();
        (self.at == self.text.len()).then_some(())
    }

    #[inline(always)]
    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Writes what is read as it is.
    fn flush(&mut self) {
        if WRITES {
            self.out.extend_from_slice(&self.text.as_bytes()[self.unwritten..self.at]);
            self.unwritten = self.at;
        }
    }

    /// Leaves out what is read.
    fn discard(&mut self) {
        self.unwritten = self.at;
    }

    /// The length of `out` with all that is read.
    fn length(&self) -> usize {
        self.out.len() + (self.at - self.unwritten)
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        if let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.discard_space();
        }
    }

    fn discard_space(&mut self) {
        self.flush();
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.discard();
    }

    /// Skips space and takes the byte, if it is the next one.
    #[inline(always)]
    fn take(&mut self, expected: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == expected).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(|_| ()),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        let (first, start) = (self.scratch.members.len(), self.length());
        let mut is_sorted = true;
        loop {
            let member = self.member(depth)?;
            if WRITES {
                let last = self.scratch.members[first..].last();
                is_sorted &= last.is_none_or(|last| compare(self.text, last, &member).is_lt());
                self.scratch.members.push(member);
            }
            if self.take(b',').is_none() {
                break;
            }
        }
        if !is_sorted {
            self.flush();
            self.sort(first, start)?;
        }
        self.scratch.members.truncate(first);
        self.take(b'}')
    }

    fn member(&mut self, depth: usize) -> Option<Member> {
        self.skip_space();
        let start = self.length();
        let key = self.key()?;
        self.value(depth + 1)?;
        let prefix = if WRITES { prefix(self.text.as_bytes(), &key) } else { 0 };
        Some(Member { key, prefix, written: start..self.length() })
    }

    /// Reads the key of a member and the colon after it. Returns its content.
    fn key(&mut self) -> Option<Range<usize>> {
        self.skip_space();
        let start = self.at + 1;
        let has_escapes = self.string()?;
        let key = start..self.at - 1;
        // Escaped keys have another order than their text.
        if has_escapes || is_reserved(&self.text.as_bytes()[key.clone()]) {
            return None;
        }
        self.take(b':')?;
        Some(key)
    }

    /// Sorts the members from `first` on, which are written from `start` on.
    fn sort(&mut self, first: usize, start: usize) -> Option<()> {
        let Scratch { members, sorted } = &mut *self.scratch;
        let members = &mut members[first..];
        members.sort_unstable_by(|a, b| compare(self.text, a, b));
        if members.windows(2).any(|pair| compare(self.text, &pair[0], &pair[1]).is_eq()) {
            return None;
        }
        sorted.clear();
        for member in members {
            if !sorted.is_empty() {
                sorted.push(b',');
            }
            sorted.extend_from_slice(&self.out[member.written.clone()]);
        }
        self.out[start..].copy_from_slice(sorted);
        Some(())
    }

    /// Reads a string; returns whether it has escapes.
    fn string(&mut self) -> Option<bool> {
        self.take(b'"')?;
        let mut has_escapes = false;
        loop {
            self.at += plain_length::<false>(self.rest());
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(has_escapes);
                }
                b'\\' => {
                    has_escapes = true;
                    self.escape()?;
                }
                // A control character.
                _ => return None,
            }
        }
    }

    /// Reads an escape, and writes its character as RFC 8785 has it.
    fn escape(&mut self) -> Option<()> {
        self.flush();
        let escape = *self.text.as_bytes().get(self.at + 1)?;
        self.at += 2;
        let character = match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.code_point()?,
            _ => return None,
        };
        if WRITES {
            write_scalar_value(self.out, character);
        }
        self.discard();
        Some(())
    }

    /// Reads the digits after `\u`, and those of the other half of a pair.
    fn code_point(&mut self) -> Option<char> {
        let unit = self.digits()?;
        if !matches!(unit, 0xd800..=0xdbff) {
            return char::from_u32(unit);
        }
        self.rest().starts_with(b"\\u").then(|| self.at += 2)?;
        let low = self.digits().filter(|low| matches!(low, 0xdc00..=0xdfff))?;
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }

    fn digits(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    fn number(&mut self) -> Option<()> {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(is_part).count();
        let number = &self.rest()[..length];
        if is_canonical_number(number) {
            self.at += length;
            return Some(());
        }
        let number: Number = serde_json::from_slice(number).ok()?;
        self.flush();
        self.at += length;
        if WRITES {
            write_number(self.out, &number);
        }
        self.discard();
        Some(())
    }
}

/// The order of two members of an object, whose keys are in the text.
#[inline(always)]
fn compare(text: &str, a: &Member, b: &Member) -> Ordering {
    const NOT_ASCII: u64 = each(0x80);
    if a.prefix != b.prefix && (a.prefix | b.prefix) & NOT_ASCII == 0 {
        return a.prefix.cmp(&b.prefix);
    }
    compare_keys(&text[a.key.clone()], &text[b.key.clone()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::canonical::write_value;
    use super::*;

    /// What the tree makes of a text.
    fn by_tree(text: &str) -> Option<String> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut out = BytesMut::new();
        write_value(&mut out, &value);
        Some(String::from_utf8(out.into()).unwrap())
    }

    fn direct(text: &str) -> Option<String> {
        if check_text(text).is_some() {
            assert!(by_tree(text).is_some(), "{text}");
        }
        let mut out = BytesMut::from("x");
        let written = write_text(&mut out, text).map(|()| String::from_utf8(out[1..].to_vec()).unwrap());
        assert!(written.is_some() || out == "x");
        assert!(written.is_none() || check_text(text).is_some(), "{text}");
        written
    }

    /// JSON with space, members in any order, and every way to write a string or a number.
    fn any_text() -> impl Strategy<Value = String> {
        let space = "[ \n\t\r]{0,2}";
        let string = prop::collection::vec(
            prop_oneof![
                4 => "[ -!#-\\[\\]-~é😀\u{7f}]{1,9}",
                1 => r#"\\["\\/bfnrt]"#,
                1 => r"\\u[0-9a-fA-F]{4}",
                1 => Just(r"\ud83d\ude00".to_owned()),
            ],
            0..4,
        )
        .prop_map(|parts| format!("\"{}\"", parts.concat()));
        let key = prop_oneof![8 => "\"[a-cé😀\u{e000}]{0,3}\"", 1 => string.clone()];
        let number = prop_oneof![
            "-?(0|[1-9][0-9]{0,20})",
            "-?(0|[1-9][0-9]{0,3})\\.0{0,7}[0-9]{1,12}",
            "-?(0|[1-9][0-9]{0,6})\\.[0-9]{1,18}",
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,4})?[eE][+-]?[0-9]{1,3}",
            any::<f64>().prop_map(|number| format!("{number:?}")),
            any::<i64>().prop_map(|number| number.to_string()),
        ];
        let word = prop_oneof![Just("null"), Just("true"), Just("false")].prop_map(str::to_owned);
        let leaf = prop_oneof![string, number, word];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            let array = prop::collection::vec((space, inner.clone(), space), 0..5).prop_map(|items| {
                let items: Vec<_> = items.into_iter().map(|(a, item, b)| a + &item + &b).collect();
                format!("[{}]", items.join(","))
            });
            let member = (space, key.clone(), space, inner, space)
                .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{c}{value}"));
            let object =
                prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{} }}", members.join(",")));
            prop_oneof![array, object]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_text_becomes_what_the_tree_makes_of_it(text in any_text()) {
            let (tree, written) = (by_tree(&text), direct(&text));
            match &written {
                Some(_) => prop_assert_eq!(&written, &tree),
                // It gives up on nothing but what it says.
                None if tree.is_some() => {
                    let keys: Vec<_> = text.split('"').collect();
                    prop_assert!(
                        text.contains('\\') || keys.iter().any(|key| keys.iter().filter(|k| k == &key).count() > 1),
                        "{}", text
                    );
                }
                None => {}
            }
            if let Some(canonical) = tree.filter(|_| written.is_some()) {
                prop_assert_eq!(direct(&canonical), Some(canonical));
            }
        }

        #[test]
        fn a_text_with_a_mistake_is_read_as_the_tree_reads_it(
            text in any_text(),
            at in any::<prop::sample::Index>(),
            other in prop::sample::select(vec!["", ",", "}", "]", "\"", "\\", "0", "-", "e", ".", " ", "\u{1}"]),
        ) {
            let places: Vec<_> = text.char_indices().map(|(place, _)| place).collect();
            let place = places[at.index(places.len())];
            let length = text[place..].chars().next().map_or(0, char::len_utf8);
            let text = format!("{}{other}{}", &text[..place], &text[place + length..]);
            if let Some(written) = direct(&text) {
                prop_assert_eq!(Some(written), by_tree(&text));
            }
        }
    }

    #[test]
    fn a_tree_decides_where_keys_are_special_or_levels_are_many() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a\n":1}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
            &format!("{}{}", "[".repeat(80), "]".repeat(80)),
        ] {
            assert_eq!(direct(text), None, "{text}");
        }
        assert_eq!(
            direct(r#" {"b" : "\u0041\/", "a":[1.0,-0,1e2]} "#).unwrap(),
            r#"{"a":[1,0,100],"b":"A/"}"#
        );
        // By UTF-16 code units, in which U+1F600 comes first.
        let text = "{\"\u{e000}\":2,\"😀\":1}";
        assert_eq!(direct(text), by_tree(text));
        for text in
            ["", " ", "{", "[1,]", "{\"a\"}", "01", "1.", "-", "1e", "\"\\ud800\"", "nul", "1 2", "1e999"]
        {
            assert_eq!((direct(text), by_tree(text)), (None, None), "{text}");
        }
    }
}
