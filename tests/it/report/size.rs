//! The size of a report is bounded, whatever is in the events and how many there are.

use serde_json::{Value, json};

use super::event_file::{EventFile, options, parts};
use super::hostile::hostile_run;
use super::report;

/// The contract of the page.
const MAX_BYTES: usize = 150_000;

/// A run of a million rows in as many requests, for hours, with changes of the limit all the time.
fn long_run(seconds: u64) -> EventFile {
    let mut file = EventFile::started(&parts(), &options()).progress("todos", 0, 0, &json!({}));
    for second in 1..=seconds {
        let done = second * 1_000_000 / seconds;
        file = file.after(500).limit(1 + second % 16, "answers come without delay");
        file = file.after(500).progress("todos", done, done, &json!({"total": 1_000_000}));
    }
    file.applied(&json!({"resources": {}, "joinStores": {}, "batches": 1_000_000}))
}

#[test]
fn a_long_run_has_a_small_report_with_its_whole_length() {
    let (short, long) = (report(&[long_run(140).text], "html"), report(&[long_run(20_000).text], "html"));
    assert!(long.contains("Uploaded 1,000,000 rows") && long.contains(">4 h</span>"), "{long}");
    assert!(long.len() < 80_000, "{}", long.len());
    assert!(long.len() < short.len() * 2, "{} {}", long.len(), short.len());
}

/// As much of everything as a file can have, all of it in characters that are escaped.
fn worst(text: &str, shard: u32) -> EventFile {
    let many = |count: usize| (0..count).map(move |number| format!("{number}{text}"));
    let parts: Value =
        many(100).map(|name| json!({"kind": "records", "name": name, "rows": u64::MAX / 1000})).collect();
    let options: Value = Value::Object(many(60).map(|name| (name, json!(text))).collect());
    let names: Value = Value::Object(many(80).map(|name| (name, json!(u64::MAX / 300))).collect());
    let none = json!({"total": u64::MAX});
    let mut file = EventFile::of_shard(shard, 300).with_start(&parts, &options);
    for second in 0..300 {
        file = file.after(1000).limit(second * 7919 % 1000, &format!("{second}{text}"));
        file = file.progress(text, second, second * second * 7919, &none);
    }
    let counts = json!({"total": u64::MAX, "rejected": u64::MAX, "rejections": names, "retries": names});
    file = file.after(1000).progress(text, 300, 300 * 300 * 7919, &counts);
    for number in 0..60 {
        file = file.rejected(text, &format!("{number}{text}"), text, text);
    }
    let error =
        |id: String| json!({"mutationId": id, "code": text, "path": text, "message": format!("{id}{text}")});
    let errors: Value = (0..60)
        .map(|number| error(format!("cloneup:rec:{text}:{number}{text}:0")))
        .chain((0..60).map(|number| json!({"mutationId": "", "code": text, "path": text, "message": format!("{number}{text}")})))
        .collect();
    file.failed(&errors)
}

#[test]
fn no_content_makes_a_report_large() {
    for text in ["\"", "<", "&", "\u{202e}", "\u{e0041}", "\u{10ffff}", "é", "e\u{301}\u{301}", "long-"] {
        let page = report(&[worst(&text.repeat(300), 1).text], "html");
        assert!(page.len() < MAX_BYTES, "{text:?}: {}", page.len());
    }
}

#[test]
fn no_number_of_runs_makes_a_report_large() {
    let texts: Vec<_> = (1..=20).map(|shard| worst(&"\"".repeat(200), shard).text).collect();
    for count in [2, 3, 4, 6, 7, 20] {
        let page = report(&texts[..count], "html");
        assert!(page.len() < MAX_BYTES, "{count} runs: {}", page.len());
    }
}

#[test]
fn numbers_at_their_limits_are_numbers() {
    let mut file = hostile_run("x");
    file.text = file.text.replace("\"level\":2", &format!("\"level\":{}", u64::MAX));
    file.text = file.text.replace("\"bytes\":20480", &format!("\"bytes\":{}", u64::MAX));
    let last = file.text.rfind("\"timestampMs\":").unwrap();
    let end = last + file.text[last..].find(',').unwrap_or_else(|| file.text[last..].find('}').unwrap());
    file.text.replace_range(last..end, &format!("\"timestampMs\":{}", u64::MAX));
    for format in ["html", "md"] {
        let text = report(std::slice::from_ref(&file.text), format);
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }
}
