//! Checkers for files that other programs read. Not what the files say (`scaling`, `packages`).

use std::process::Command;

use super::{status, stderr};

/// Whether the checker accepts a file with this text and suffix. Without the checker the test goes on, unless
/// `SYNCTOOL_TEST_REQUIRE_SCHEMAS` is set.
pub fn assert_is_accepted(checker: &[&str], suffix: &str, text: &str) {
    let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    match Command::new(checker[0]).args(&checker[1..]).arg(file.path()).output() {
        Ok(output) => {
            let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
            assert_eq!(status(&output), 0, "{checker:?}: {printed}\n{text}");
        }
        Err(error) => {
            let is_required = std::env::var_os("SYNCTOOL_TEST_REQUIRE_SCHEMAS").is_some();
            assert!(!is_required, "{}: {error}", checker[0]);
            eprintln!("skipped: {} is not installed", checker[0]);
        }
    }
}
