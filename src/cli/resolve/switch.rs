//! Switches: options that `--x` turns on and `--no-x` turns off. Which options are switches is decided by
//! the callers.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// Sets a switch from both of its flags.
pub(super) fn set_switch(option: &mut bool, matches: &ArgMatches, name: &str, on: Option<bool>, off: bool) {
    if off && !is_typed_after(matches, name, &format!("no_{name}")) {
        *option = false;
    } else if let Some(on) = on {
        *option = on;
    }
}

/// Whether the first flag comes after the second one on the command line: the last one of them counts,
/// and a flag overrides every other layer.
fn is_typed_after(matches: &ArgMatches, first: &str, second: &str) -> bool {
    let place = |id: &str| {
        (matches.value_source(id) == Some(ValueSource::CommandLine)).then(|| matches.index_of(id)).flatten()
    };
    place(first).is_some_and(|place_of_first| Some(place_of_first) > place(second))
}
