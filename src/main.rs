//! The `synctool` binary: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    synctool::cli::run(std::env::args_os())
}
