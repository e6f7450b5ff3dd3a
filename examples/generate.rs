//! Writes completions and manual pages; with `--check` it only says which are stale.

use std::path::Path;
use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !std::env::args().any(|argument| argument == "--check") {
        synctool::cli::generated::write(root)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stale = synctool::cli::generated::stale(root)?;
    for path in &stale {
        #[expect(clippy::print_stderr, reason = "this program is for the people who build synctool")]
        {
            eprintln!("{} is stale: run `cargo run --example generate`", path.display());
        }
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
