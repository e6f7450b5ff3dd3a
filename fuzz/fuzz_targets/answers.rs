//! Any bytes as the answer to a push, a pull or a status request: reading them never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synctool::protocol::{Envelope, PullParts, PushAnswer, RawObject, ServerStatus};

fuzz_target!(|body: &[u8]| {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let Ok(answer) = RawObject::read(text) else { return };
    let Ok(Envelope::Success(result)) = Envelope::read(answer) else { return };
    let _ = PushAnswer::from_raw(&result);
    if let Ok(parts) = PullParts::find(text, &result) {
        for change in parts.in_text(text.to_owned()).changes() {
            let _ = (change.id(), change.ends());
            for (key, value) in change.record.into_iter().flat_map(|record| record.members()) {
                let _ = (key.as_str().unwrap(), value.as_str(), value.to_value());
            }
        }
    }
    let _ = ServerStatus::from_raw(&result);
});
