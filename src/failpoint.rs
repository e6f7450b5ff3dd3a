//! Failpoints: named places where a test can abort the process, without flushing anything, as a
//! power failure would, or make it slow or wrong. A release build has none.
//!
//! The tests of faults use them; other faults are injected from outside the process.

/// Aborts the process if the environment variable `SYNCTOOL_FAILPOINT` names this failpoint: `name`
/// for the first time that it is reached, `name:3` for the third.
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

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn reach(_: &str) {}

/// For how many milliseconds to wait at this failpoint, if the environment variable
/// `SYNCTOOL_FAILPOINT_PAUSE` names it: `name:300`.
#[cfg(all(debug_assertions, feature = "postgres"))]
pub(crate) fn pause_ms(name: &str) -> Option<u32> {
    let text = std::env::var("SYNCTOOL_FAILPOINT_PAUSE").ok()?;
    let (chosen, milliseconds) = text.split_once(':')?;
    if chosen == name { milliseconds.parse().ok() } else { None }
}

/// Whether the environment variable `SYNCTOOL_FAILPOINT_MUTANT` names this mistake, which a test must
/// notice.
#[cfg(all(debug_assertions, feature = "postgres"))]
pub(crate) fn is_mutant(name: &str) -> bool {
    std::env::var("SYNCTOOL_FAILPOINT_MUTANT").is_ok_and(|chosen| chosen == name)
}
