//! Any text as a schema: an error or a schema, and what hangs on one can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::schema::{Schema, upload_order};

fuzz_target!(|text: &str| {
    if let Ok(schema) = Schema::parse(text) {
        let all: Vec<_> = schema.resources.iter().collect();
        assert_eq!(upload_order(&schema, &all).len(), all.len());
        schema.join_stores();
        schema.many_ones();
    }
});
