//! Where the programs of PostgreSQL are, and what a test does without them. Not how they are
//! started (`daemon`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// With `1`, a test that lacks a program fails instead of being skipped.
pub const REQUIRE: &str = "SYNCTOOL_TEST_REQUIRE_POSTGRES";

/// The folder with `initdb` and `postgres`, where it is neither in `PATH` nor where Debian has it.
pub const FOLDER: &str = "SYNCTOOL_TEST_POSTGRES_BIN";

/// The folder with the programs of PostgreSQL.
pub fn postgres() -> Option<&'static Path> {
    static FOUND: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        if let Some(folder) = std::env::var_os(FOLDER) {
            let folder = PathBuf::from(folder);
            assert!(folder.join("initdb").exists(), "{FOLDER}: there is no initdb in {}", folder.display());
            return Some(folder);
        }
        // A link leads to the folder with all of the programs.
        let linked = in_path("initdb").and_then(|path| path.canonicalize().ok());
        linked.and_then(|path| path.parent().map(Path::to_owned)).or_else(debian)
    });
    FOUND.as_deref()
}

/// A program that is not PostgreSQL's own: in `PATH`, or where an ordinary user's `PATH` does not
/// lead.
pub fn other(name: &str) -> Option<PathBuf> {
    let system = Path::new("/usr/sbin").join(name);
    in_path(name).or_else(|| system.exists().then_some(system))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists())
}

/// Debian has a folder for each major version, and none of them in `PATH`. The newest one.
fn debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let folders = versions.map(|version| version.path().join("bin"));
    let number = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    folders.filter(|folder| folder.join("initdb").exists()).max_by_key(number)
}

/// Says on stderr that a test is skipped because this machine lacks a program.
///
/// # Panics
///
/// Where [`REQUIRE`] is set.
pub fn without<T>(program: &str) -> Option<T> {
    let required = std::env::var(REQUIRE).is_ok_and(|value| !["", "0"].contains(&value.as_str()));
    assert!(!required, "no {program}, and {REQUIRE} is set");
    skip(&format!("no {program}"))
}

/// Says on stderr that a test is skipped, although the programs exist: this machine does not
/// permit what the test does.
pub fn skip<T>(reason: &str) -> Option<T> {
    let thread = std::thread::current();
    let line = format!("{}: skipped: {reason}\n", thread.name().unwrap_or("test"));
    // Not `eprintln`, which the test runner does not show when a test passes.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}
