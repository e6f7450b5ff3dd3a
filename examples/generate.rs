//! Writes the generated files (shell completions, manual pages, parts of the documents). With `--check`
//! it writes nothing, names the stale files, and fails if there are any. Their content is defined in
//! `src/cli/generated/`.

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
        #[expect(clippy::print_stderr, reason = "a development tool reports on stderr")]
        {
            eprintln!("{} is stale: run `cargo run --example generate`", path.display());
        }
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
