//! Any bytes as the answer to a push, a pull or a question for the status.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::protocol::{Parts, PullAnswer, PushAnswer, ServerStatus, unwrap};

fuzz_target!(|body: &[u8]| {
    let Ok(Ok(parts)) = std::str::from_utf8(body).map(Parts::read) else { return };
    let Ok(Ok(result)) = unwrap(parts) else { return };
    let _ = PushAnswer::from_parts(&result);
    let _ = PullAnswer::from_parts(&result);
    let _ = ServerStatus::from_parts(&result);
});
