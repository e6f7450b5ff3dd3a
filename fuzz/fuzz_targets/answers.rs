//! Any bytes as the answer to a push, a pull or a question for the status.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::protocol::{PullAnswer, PushAnswer, ServerStatus, unwrap};

fuzz_target!(|body: &[u8]| {
    let Ok(value) = serde_json::from_slice(body) else { return };
    let Ok(Ok(result)) = unwrap(value) else { return };
    let _ = PushAnswer::from_json(result.clone());
    let _ = PullAnswer::from_json(result.clone());
    let _ = ServerStatus::from_json(&result);
});
