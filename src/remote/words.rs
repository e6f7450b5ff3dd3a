//! The server's own words about an error, whatever the form of the body: the protocol's envelope is only
//! one of them, and proxies and frameworks answer in others. Which error an answer is does not depend on
//! them: that is decided in [`super::classify`].

use serde_json::{Map, Value};

/// How much of a body is looked at, in bytes: no more of it becomes a tree of values.
const MAX_BODY: usize = 16 * 1024;

/// Maximum length of the words, in characters.
const MAX_WORDS: usize = 200;

/// The members that hold an error's text, in the order of their worth: those of this protocol, of
/// RFC 9457 (`detail`, `title`), and what else is common.
const KEYS: [&str; 9] =
    ["message", "error", "detail", "error_description", "errors", "reason", "description", "msg", "title"];

/// What a body says, in one line; `None` when it says nothing.
pub(super) fn server_words(body: &[u8]) -> Option<String> {
    let body = &body[..body.len().min(MAX_BODY)];
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => in_json(&value, 0)?.to_owned(),
        // The beginning of a JSON document is no sentence.
        Err(_) if body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[") => {
            return None;
        }
        Err(_) => in_text(&String::from_utf8_lossy(body))?,
    };
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MAX_WORDS) {
        words.truncate(end);
        words.push('…');
    }
    (!words.is_empty()).then_some(words)
}

/// The first text in a member that holds one, or in the first item of a list.
fn in_json(value: &Value, depth: u8) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
        Value::Object(members) if depth < 4 => in_object(members, depth),
        Value::Array(items) if depth < 4 => items.first().and_then(|item| in_json(item, depth + 1)),
        _ => None,
    }
}

fn in_object(members: &Map<String, Value>, depth: u8) -> Option<&str> {
    KEYS.iter().filter_map(|key| members.get(*key)).find_map(|member| in_json(member, depth + 1))
}

/// The title of an HTML page, or its first heading; of any other text, its first line with words.
fn in_text(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if !lower.trim_start().starts_with('<') {
        return text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
    }
    ["title", "h1"].iter().find_map(|tag| {
        let from = lower.find(&format!("<{tag}"))?;
        let from = from + lower[from..].find('>')? + 1;
        let to = from + lower[from..].find(&format!("</{tag}"))?;
        Some(text[from..to].to_owned()).filter(|text| !text.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_found_whatever_the_form_of_the_body() {
        for (body, expected) in [
            (r#"{"ok":false,"error":{"code":"X","message":"too busy"}}"#, Some("too busy")),
            (r#"{"error":"too busy"}"#, Some("too busy")),
            (r#"{"error":{"message":"","detail":"too busy"}}"#, Some("too busy")),
            (r#"{"errors":[{"message":"too busy"}]}"#, Some("too busy")),
            (r#"{"type":"about:blank","title":"Busy","detail":"too\n  busy"}"#, Some("too busy")),
            (r#"{"title":"Busy","status":503}"#, Some("Busy")),
            (r#""too busy""#, Some("too busy")),
            ("\n\n  too busy  \nmore", Some("too busy")),
            ("<HTML><head><TITLE>\n503 Busy</TITLE></head>", Some("503 Busy")),
            ("<html><body><h1 class=x>Busy</h1>", Some("Busy")),
            ("<html><body>no title", None),
            (r#"{"ok":false}"#, None),
            (r#"{"error":null,"message":7}"#, None),
            ("[]", None),
            (r#"{"message":"cut o"#, None),
            ("", None),
        ] {
            assert_eq!(server_words(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(server_words(b"\xff\xfe").as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    #[test]
    fn long_words_are_cut_off_and_deep_ones_are_not_looked_for() {
        let words = server_words("ä".repeat(1000).as_bytes()).unwrap();
        assert_eq!(words.chars().count(), MAX_WORDS + 1);
        let deep = format!("{}\"x\"{}", "[".repeat(50), "]".repeat(50));
        assert_eq!(server_words(deep.as_bytes()), None);
    }
}
