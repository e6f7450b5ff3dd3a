//! A real browser for tests: one headless Chromium for all of them, driven through a pipe by its debugging
//! protocol (<https://chromedevtools.github.io/devtools-protocol/>), so that no port is open and no library
//! for web sockets is needed. Not the page that it shows.
//!
//! Without Chromium a test prints `skipped: no Chromium` and passes, so it begins with
//! `let Some(tab) = Tab::open(…) else { return };`. With `SYNCTOOL_TEST_REQUIRE_CHROMIUM=1` it panics instead.
//!
//! `chromium` is the process and its messages, `tab` a page that is open in it.

mod chromium;
mod tab;

pub use tab::{Look, Tab};
