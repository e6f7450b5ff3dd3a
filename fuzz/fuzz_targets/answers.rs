//! Any bytes as the answer to a push, a pull or a status request: reading them never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::protocol::{Envelope, PullAnswer, PushAnswer, RawObject, ServerStatus};

fuzz_target!(|body: &[u8]| {
    let Ok(Ok(answer)) = std::str::from_utf8(body).map(RawObject::read) else { return };
    let Ok(Envelope::Success(result)) = Envelope::read(answer) else { return };
    let _ = PushAnswer::from_raw(&result);
    let _ = PullAnswer::from_raw(&result);
    let _ = ServerStatus::from_raw(&result);
});
