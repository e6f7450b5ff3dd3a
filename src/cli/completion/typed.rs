//! The words of a command line that is being completed, and the place of the cursor. What fits there is
//! decided in [`super::answer`](mod@super::answer).

use std::ffi::OsString;

use super::quoting::unquoted;

/// Which words a shell passes with their quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    All,
    /// The word at the cursor.
    Current,
    Nothing,
}

/// The words without their quotes; the first one is the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Typed {
    pub(super) words: Vec<String>,
    /// The place of the word at the cursor in `words`.
    pub(super) index: usize,
    /// How many bytes of that word the shell keeps: it replaces only what follows.
    pub(super) kept: usize,
}

impl Typed {
    /// The words of a shell that splits them at spaces only. The word at the cursor, whose place is `index`,
    /// may be a new one behind the words.
    pub(super) fn new(words: &[OsString], index: usize, quoted: Quoted) -> Self {
        let index = index.min(words.len());
        let text = |(place, word): (usize, &OsString)| match quoted {
            Quoted::All => unquoted(&word.to_string_lossy()),
            Quoted::Current if place == index => unquoted(&word.to_string_lossy()),
            Quoted::Current | Quoted::Nothing => word.to_string_lossy().into_owned(),
        };
        let mut words: Vec<_> = words.iter().enumerate().map(text).collect();
        words.resize(words.len().max(index + 1), String::new());
        Self { words, index, kept: 0 }
    }

    /// The words of bash, which splits them at `=` and `:` too: they are joined where the line has no space
    /// between them. `None` for arguments that its script does not pass.
    ///
    /// The arguments are the place of the current word, that word up to the cursor, the line, and the words.
    pub(super) fn of_bash(arguments: &[OsString]) -> Option<Self> {
        let [index, current, line, split @ ..] = arguments else { return None };
        let (index, mut rest) = (index.to_str()?.parse::<usize>().ok()?, line.to_str()?);
        let mut typed = Self::default();
        for (place, word) in split.iter().enumerate() {
            let word = word.to_str()?;
            let trimmed = rest.trim_start();
            if place == 0 || word.is_empty() || trimmed.len() < rest.len() {
                typed.words.push(String::new());
            }
            rest = trimmed.strip_prefix(word).unwrap_or(trimmed);
            let joined = typed.words.last_mut()?;
            if place == index {
                // Behind a place where words are split, the current word is empty.
                let is_separator = !word.is_empty() && word.chars().all(|c| "=:".contains(c));
                let before = if is_separator { word } else { "" };
                joined.push_str(before);
                typed.kept = joined.len();
                joined.push_str(&unquoted(current.to_str()?));
                typed.index = typed.words.len() - 1;
                // What follows the cursor in the same word is not part of what is completed.
                if let Some(space) = rest.find(char::is_whitespace) {
                    rest = &rest[space..];
                }
            } else {
                joined.push_str(&unquoted(word));
            }
        }
        (index < split.len()).then_some(typed)
    }

    /// The word at the cursor.
    pub(super) fn current(&self) -> &str {
        self.words.get(self.index).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_bash(index: &str, current: &str, line: &str, words: &[&str]) -> (Vec<String>, usize, usize) {
        let arguments = [index, current, line].into_iter().chain(words.iter().copied());
        let typed = Typed::of_bash(&arguments.map(OsString::from).collect::<Vec<_>>()).unwrap();
        (typed.words, typed.index, typed.kept)
    }

    #[test]
    fn words_that_bash_splits_are_joined() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        for (index, current, line, split, joined, place, kept) in [
            ("1", "", "s ", &["s", ""][..], &["s", ""][..], 1, 0),
            ("3", "to", "s --r=to", &["s", "--r", "=", "to"], &["s", "--r=to"], 1, 4),
            ("2", "", "s --r=", &["s", "--r", "="], &["s", "--r="], 1, 4),
            ("3", "--d", "s --r= --d", &["s", "--r", "=", "--d"], &["s", "--r=", "--d"], 2, 0),
            (
                "5",
                "x",
                "s u http://a x",
                &["s", "u", "http", ":", "//a", "x"],
                &["s", "u", "http://a", "x"],
                3,
                0,
            ),
            ("2", r"my\ f", r"s --d my\ f", &["s", "--d", r"my\ f"], &["s", "--d", "my f"], 2, 0),
            ("3", "b c", "s a='b c", &["s", "a", "=", "'b c"], &["s", "a=b c"], 1, 2),
            ("1", "a", "s ab --d", &["s", "ab", "--d"], &["s", "a", "--d"], 1, 0),
        ] {
            let found = of_bash(index, current, line, split);
            assert_eq!(found, (words(joined), place, kept), "{line}");
        }
        assert_eq!(Typed::of_bash(&["9", "", "s ", "s"].map(OsString::from)), None);
    }

    #[test]
    fn a_new_word_is_added() {
        let typed = Typed::new(&["s".into(), r"a\ b".into()], 2, Quoted::All);
        assert_eq!((typed.words.join("|").as_str(), typed.current()), ("s|a b|", ""));
        let typed = Typed::new(&["s".into(), "it's".into(), "'a b".into()], 2, Quoted::Current);
        assert_eq!(typed.words.join("|"), "s|it's|a b");
    }
}
