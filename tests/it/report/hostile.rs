//! Names, ids, codes and messages of anybody are text in a report: in HTML, in Markdown and in metrics.

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::json;

use super::event_file::{EventFile, options, parts};
use super::report;

/// Texts that mean something somewhere.
pub const HOSTILE: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"onmouseover=\"alert(1)",
    "' onload='alert(1)",
    "</title></style></table><img src=x onerror=alert(1)>",
    "&lt;b&gt;&#x41;&amp;",
    "a|b\\|c\\\\|d`e``f```g",
    "`",
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) <https://evil.example>",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "\u{1b}[31m\u{7}\0\u{9b}2J\u{7f}",
    "line\nline\r\n\u{2028}# heading\n| --- |",
    "\u{200b}\u{feff}\u{ad}",
    "@everyone :tada: **bold** ~~gone~~ $x$ {{secrets.X}} ${{ x }}",
    "שלום مرحبا",
];

/// A run whose every text is hostile.
pub fn hostile_run(text: &str) -> EventFile {
    let mut parts = parts();
    parts[1]["name"] = text.into();
    let mut options = options();
    options[text] = text.into();
    let counts = json!({"rejected": 1, "rejections": {text: 1}, "retries": {text: 1}});
    let mut file = EventFile::started(&parts, &options).progress(text, 0, 0, &counts);
    for second in 1..4 {
        file = file.after(1000).limit(second, text).progress(text, second, second * 10, &counts);
    }
    let error = |id: &str| json!({"mutationId": id, "code": text, "path": text, "message": text});
    let rejected = file.rejected(text, text, text, text);
    let errors = json!([error(&format!("cloneup:rec:{text}:{text}:0")), error("")]);
    rejected.failed(&errors)
}

/// What a reader of HTML sees as tags, with their attributes.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

#[test]
fn hostile_texts_are_text_in_html() {
    // The tags are those of a harmless run, whatever the texts are.
    let harmless = report(&[hostile_run("harmless").text], "html");
    for text in HOSTILE {
        let page = report(&[hostile_run(text).text], "html");
        assert_eq!(tags(&page), tags(&harmless), "{text:?}");
        let hidden = |c: char| {
            c != '\n'
                && (c.is_control() || "\u{202e}\u{2066}\u{200f}\u{2028}\u{200b}\u{feff}\u{ad}".contains(c))
        };
        assert!(!page.contains(hidden), "{text:?}");
    }
}

#[test]
fn a_page_has_no_script_and_fetches_nothing() {
    let page = report(&[hostile_run("harmless").text], "html");
    for tag in tags(&page) {
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        assert!(
            !["script", "img", "iframe", "object", "embed", "a", "base", "form", "use", "image"]
                .contains(&name),
            "{tag}"
        );
        // Between the quotes are the values.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" on") && !names.contains("src="), "{tag}");
        assert!(!tag.contains("href=") || tag == "link rel=\"icon\" href=\"data:,\"", "{tag}");
    }
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
}

/// The code spans of a text, and everything in it that is neither text nor one of the report's own parts.
fn parsed(tables: &str) -> (Vec<String>, Vec<String>) {
    let (mut spans, mut foreign) = (Vec::new(), Vec::new());
    for event in Parser::new_ext(tables, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Code(text) => spans.push(text.to_string()),
            Event::InlineHtml(html) | Event::Html(html) => {
                let own = ["<details><summary>", "</summary>", "</details>"];
                if !own.iter().any(|own| html.starts_with(own)) {
                    foreign.push(html.to_string());
                }
            }
            Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::Strikethrough | Tag::CodeBlock(_),
            ) => {
                foreign.push(format!("{event:?}"));
            }
            _ => {}
        }
    }
    (spans, foreign)
}

#[test]
fn hostile_texts_are_text_in_markdown() {
    let count = parsed(&report(&[hostile_run("harmless").text], "md")).0.len();
    for text in HOSTILE {
        let tables = report(&[hostile_run(text).text], "md");
        let (spans, foreign) = parsed(&tables);
        assert_eq!(foreign, Vec::<String>::new(), "{text:?}: {tables}");
        assert_eq!(spans.len(), count, "{text:?}: {tables}");
        let is_shown_as_it_is =
            text.chars().all(|c| !c.is_control() && !"\u{202e}\u{2028}\u{200b}".contains(c));
        let size = text.replace('&', "&amp;").replace(['<', '>'], "&lt;").replace('"', "&quot;").len();
        if is_shown_as_it_is && size <= 56 {
            assert!(spans.iter().filter(|span| *span == text).count() >= 8, "{text:?}: {spans:?}");
        }
    }
}
