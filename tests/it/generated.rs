//! Completions and manual pages are generated from the definition of the command line and are
//! current. Not the help texts (`help`).

use std::path::Path;

use synctool::cli::{command, generated};

#[test]
fn generated_files_are_current() {
    let stale = generated::stale(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(stale.is_empty(), "run `cargo run --example generate`: {stale:?}");
}

#[test]
fn the_definition_of_the_command_line_passes_claps_assertions() {
    command().debug_assert();
}

#[test]
fn every_flag_except_negations_has_an_environment_variable() {
    for subcommand in command().get_subcommands() {
        for arg in subcommand.get_arguments() {
            let has_variable =
                |long: &&str| !long.starts_with("no-") && !["dir", "help", "version"].contains(long);
            let Some(long) = arg.get_long().filter(has_variable) else {
                continue;
            };
            let expected = format!("SYNCTOOL_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(expected.as_str()), "--{long}");
        }
    }
}
