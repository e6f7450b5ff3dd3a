//! Prints the public items of the library, one a line, from the JSON that rustdoc has written of it. `.ci/public-api` makes
//! that JSON, and compares the lines with docs/public-api.txt. Not the generated files of the command line (`generate`).
//!
//! `cargo run --example public-api target/doc/synctool.json`
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::collections::HashSet;
use std::error::Error;

use public_api::{Builder, PublicApi};

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args().nth(1).ok_or("give it the file that rustdoc has written")?;
    let read = |without_derived: bool| -> public_api::Result<PublicApi> {
        let builder = Builder::from_rustdoc_json(&json).omit_auto_trait_impls(true).omit_blanket_impls(true);
        builder.omit_auto_derived_impls(without_derived).build()
    };
    let (all, written) = (read(false)?, read(true)?);
    let written: HashSet<String> = written.items().map(ToString::to_string).collect();
    // Of a derived trait the line that names it is enough; its methods are the same everywhere.
    let mut printed = HashSet::new();
    for line in all.items().map(ToString::to_string) {
        if line.starts_with("impl") || (written.contains(&line) && printed.insert(line.clone())) {
            println!("{line}");
        }
    }
    Ok(())
}
