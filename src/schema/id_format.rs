//! Templates that turn the values of key columns into ids and back (contract 1.1,
//! `storage.idFormat`). Which columns they are is in [`super::model`]; how SQLite's values become
//! text is decided in [`crate::offline`].

use std::fmt::Write as _;

/// A template such as `track:{}` or `{}:{}`: one `{}` for each column of the key.
///
/// No two keys of several columns have the same id: in their values `%` and the first character of
/// each text between two `{}` are percent-encoded, so that the end of each value is unambiguous. In
/// `{}:{}` that is `%25` for `%`, and `%3A` for `:`. The value of a key of one column is never
/// encoded.
///
/// ```
/// use synctool::schema::IdFormat;
///
/// let format = IdFormat::parse("{}:{}", 2)?;
/// assert_eq!(format.id(&["a:b", "50%"]), "a%3Ab:50%25");
/// assert_eq!(format.keys("a%3Ab:50%25"), Some(vec!["a:b".to_owned(), "50%".to_owned()]));
/// // An id that the template would not make.
/// assert_eq!(format.keys("a:b:c"), None);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdFormat {
    /// The texts before, between and after the keys: one more than there are columns.
    texts: Vec<String>,
    /// The characters that are percent-encoded in keys; none in a template of one column.
    encoded: Vec<char>,
}

impl IdFormat {
    /// Parses a template for a key of this many columns.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn parse(template: &str, columns: usize) -> Result<Self, String> {
        let texts: Vec<String> = template.split("{}").map(str::to_owned).collect();
        if texts.len() != columns + 1 {
            return Err(match columns {
                1 => "must contain `{}` exactly once".to_owned(),
                _ => format!("must contain `{{}}` {columns} times, once for each column of `storage.id`"),
            });
        }
        let mut encoded = Vec::new();
        for text in &texts[1..columns] {
            match text.chars().next() {
                None => return Err("must have text between two `{}`".to_owned()),
                // They are part of encoded characters.
                Some('%' | '0'..='9' | 'A'..='F') => {
                    return Err("must not have `%`, a digit or one of `A` to `F` between two `{}`, \
                        right after the first"
                        .to_owned());
                }
                Some(first) if encoded.contains(&first) => {}
                Some(first) => encoded.push(first),
            }
        }
        if columns > 1 {
            // Before the others, whose encoded form begins with it.
            encoded.insert(0, '%');
        }
        Ok(Self { texts, encoded })
    }

    /// `{}:{}…`: the template of a key of several columns for which the schema gives none.
    ///
    /// # Panics
    /// Never: the template is valid.
    #[must_use]
    pub fn of_columns(columns: usize) -> Self {
        Self::parse(&vec!["{}"; columns].join(":"), columns).expect("there is text between all `{}`")
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.texts.len() - 1
    }

    /// The id for the values of the columns, as text.
    #[must_use]
    pub fn id(&self, keys: &[&str]) -> String {
        let mut id = String::new();
        for (place, key) in keys.iter().enumerate() {
            self.write_key(&mut id, place, |id| id.push_str(key));
        }
        id.push_str(self.text(self.columns()));
        id
    }

    /// The values of the columns in an id, as text; `None` when the template does not make this id.
    #[must_use]
    pub fn keys(&self, id: &str) -> Option<Vec<String>> {
        let mut rest = id.strip_prefix(self.text(0))?.strip_suffix(self.text(self.columns()))?;
        if self.encoded.is_empty() {
            return Some(vec![rest.to_owned()]);
        }
        let mut keys = Vec::with_capacity(self.columns());
        for separator in &self.texts[1..self.columns()] {
            // The first character of a separator is encoded in values.
            let end = rest.find(separator.as_str())?;
            keys.push(decoded(&rest[..end])?);
            rest = &rest[end + separator.len()..];
        }
        keys.push(decoded(rest)?);
        let made = self.id(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        (made == id).then_some(keys)
    }

    /// The text before the key of this place; after the last key for the number of columns.
    pub(crate) fn text(&self, place: usize) -> &str {
        &self.texts[place]
    }

    /// Whether an id can be empty.
    pub(crate) fn can_be_empty(&self) -> bool {
        self.texts.iter().all(String::is_empty)
    }

    /// Appends the text before the key of this place, and the key that `write` appends.
    pub(crate) fn write_key(&self, id: &mut String, place: usize, write: impl FnOnce(&mut String)) {
        id.push_str(self.text(place));
        let start = id.len();
        write(id);
        if !self.encoded.is_empty() && id[start..].contains(&*self.encoded) {
            let key = id.split_off(start);
            for character in key.chars() {
                if self.encoded.contains(&character) {
                    id.push_str(&percent_encoded(character));
                } else {
                    id.push(character);
                }
            }
        }
    }

    /// The characters that are encoded in keys, and their encoded form, in the order in which they
    /// can be replaced one after the other.
    pub(crate) fn encodings(&self) -> impl Iterator<Item = (char, String)> {
        self.encoded.iter().map(|&character| (character, percent_encoded(character)))
    }
}

/// `%3A` for a colon: the bytes of its UTF-8 in upper-case hexadecimal.
fn percent_encoded(character: char) -> String {
    let mut out = String::new();
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a string cannot fail.
        let _ = write!(out, "%{byte:02X}");
    }
    out
}

/// The value with each `%XX` decoded; `None` when that is no text.
fn decoded(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? * 16 + hex_digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| digit.try_into().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_of_one_column_is_not_encoded() {
        let format = IdFormat::parse("track:{}!", 1).unwrap();
        for (key, id) in [("7", "track:7!"), ("a:%25", "track:a:%25!"), ("", "track:!")] {
            assert_eq!(format.id(&[key]), id);
            assert_eq!(format.keys(id), Some(vec![key.to_owned()]));
        }
        for id in ["album:7!", "track:7", "track:", ""] {
            assert_eq!(format.keys(id), None, "{id}");
        }
    }

    #[test]
    fn keys_of_several_columns_are_encoded_as_contract_1_1_says() {
        for (template, keys, id) in [
            ("{}:{}", ["a", "1"], "a:1"),
            ("{}:{}", ["a:b", "c"], "a%3Ab:c"),
            ("{}:{}", ["a", "b:c"], "a:b%3Ac"),
            ("{}:{}", ["%", "%3A"], "%25:%253A"),
            ("{}:{}", ["", ""], ":"),
            ("row:{}/{}!", ["a/b:c", "!"], "row:a%2Fb:c/!!"),
            ("{} and {}", ["a b", "c"], "a%20b and c"),
            ("{}ö{}", ["ö", "%"], "%C3%B6ö%25"),
        ] {
            let format = IdFormat::parse(template, 2).unwrap();
            assert_eq!(format.id(&keys), id, "{template}");
            assert_eq!(format.keys(id), Some(keys.map(str::to_owned).to_vec()), "{template}");
        }
    }

    #[test]
    fn an_id_that_the_template_does_not_make_has_no_keys() {
        let format = IdFormat::of_columns(2);
        for id in ["", "a", "a:b:c", "a%3ab:c", "a:b%", "a:%2", "a:%zz", "%41:b", "%FF:a", "ö%:"] {
            assert_eq!(format.keys(id), None, "{id}");
        }
    }

    #[test]
    fn a_template_must_fit_the_number_of_columns_and_separate_their_values() {
        for (template, columns) in
            [("x", 1), ("{}{}", 1), ("{}", 2), ("{}{}", 2), ("{}%{}", 2), ("{}:{}", 3), ("{}:{}:{}", 2)]
        {
            assert!(IdFormat::parse(template, columns).is_err(), "{template}");
        }
    }

    proptest! {
        #[test]
        fn ids_of_different_keys_differ_and_give_the_keys_back(
            template in prop::sample::select(vec!["{}:{}:{}", "x{}-{}/{}y", "{}g{}a{}", "{}::{}:{}", "{}ö%{}-2{}%"]),
            keys in prop::array::uniform3("[:%/ö23Aag5-]{0,4}"),
            others in prop::array::uniform3("[:%/ö23Aag5-]{0,4}"),
        ) {
            let format = IdFormat::parse(template, 3).unwrap();
            let id = |keys: &[String; 3]| format.id(&[&keys[0], &keys[1], &keys[2]]);
            prop_assert_eq!(format.keys(&id(&keys)), Some(keys.to_vec()));
            prop_assert_eq!(id(&keys) == id(&others), keys == others);
        }
    }
}
