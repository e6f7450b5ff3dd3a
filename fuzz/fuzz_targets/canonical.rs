//! Any JSON: its canonical form parses, and canonicalizing that changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use synctool::mutation::canonical::write_value;

fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

fuzz_target!(|body: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let text = canonical(&value);
    let read: Value = serde_json::from_slice(&text).expect("canonical JSON is JSON");
    assert_eq!(canonical(&read), text);
});
