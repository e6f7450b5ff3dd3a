//! Any text as a schema: it is rejected or gives a schema whose derived values can be computed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::schema::{Schema, upload_order};

fuzz_target!(|text: &str| {
    if let Ok(schema) = Schema::parse(text) {
        let all: Vec<_> = schema.resources.iter().collect();
        assert_eq!(upload_order(&schema, &all).len(), all.len());
        let _ = schema.join_stores();
        let _ = schema.many_ones();
    }
});
