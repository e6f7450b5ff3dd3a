//! Tokens in custody: what holds one can be logged and debugged without showing it.

use std::fmt;

/// Text that no log, error or debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text into custody.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes it out of a text that somebody else wrote, who may have repeated it.
    pub fn redact(&self, text: &mut String) {
        // What is shorter is found in any text, and no secret.
        const MIN_LENGTH: usize = 6;
        if self.0.len() >= MIN_LENGTH && text.contains(&self.0) {
            *text = text.replace(&self.0, "<redacted>");
        }
    }

    /// The text itself, for the one place that sends or compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
