//! Named places where a test can end the process as a power cut would: at once, with nothing
//! flushed and nobody told. There are none in a release build.

/// A process whose environment names this place in `SYNCTOOL_FAILPOINT` (`name`, or `name:3`
/// for the third time) ends here.
#[cfg(debug_assertions)]
pub(crate) fn reach(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static CHOSEN: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let text = std::env::var("SYNCTOOL_FAILPOINT").ok()?;
        let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), AtomicU32::new(times.parse().ok()?)))
    });
    if let Some((chosen, times)) = chosen
        && chosen == name
        && times.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn reach(_: &str) {}
