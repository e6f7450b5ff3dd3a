//! Any JSON: its canonical form parses, canonicalizing that changes nothing, and without a tree it is the same.
//! Text that is not JSON is not written without a tree.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use synctool::internal::canonical::write_value;
use synctool::internal::canonical_text::write_text;

fn canonical(value: &Value) -> BytesMut {
    let mut out = BytesMut::new();
    write_value(&mut out, value);
    out
}

fuzz_target!(|body: &[u8]| {
    let Ok(body) = std::str::from_utf8(body) else { return };
    let mut direct = BytesMut::new();
    let is_written = write_text(&mut direct, body).is_some();
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        assert!(!is_written, "not JSON");
        return;
    };
    let text = canonical(&value);
    assert!(!is_written || direct == text);
    let read: Value = serde_json::from_slice(&text).expect("canonical JSON is JSON");
    assert_eq!(canonical(&read), text);
});
