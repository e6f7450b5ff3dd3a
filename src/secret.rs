//! Secrets such as tokens: a text that log lines, errors and debug output do not show.
//!
//! Where a token comes from is decided in the command line; who sends it or compares it calls
//! [`Secret::expose`].
//!
//! ```
//! use synctool::secret::Secret;
//!
//! let token = Secret::new("s3cr3t-token");
//! assert_eq!(format!("{token:?}"), "<redacted>");
//!
//! let mut message = "cannot accept Bearer s3cr3t-token".to_owned();
//! token.redact(&mut message);
//! assert_eq!(message, "cannot accept Bearer <redacted>");
//! ```

use std::fmt;

/// A text whose `Debug` output is redacted. It has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret of a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Replaces the secret in a text from outside, such as a server's message, which may repeat it.
    /// A secret of fewer than 6 bytes is not replaced.
    pub fn redact(&self, text: &mut String) {
        // Shorter texts occur by chance in any message, and are too short to be a secret.
        const MIN_LENGTH: usize = 6;
        if self.0.len() >= MIN_LENGTH && text.contains(&self.0) {
            *text = text.replace(&self.0, "<redacted>");
        }
    }

    /// The text itself, for the code that sends or compares it.
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
