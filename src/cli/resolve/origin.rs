//! Where an invalid value comes from that was not typed now: a variable or the configuration file. What is
//! wrong with it is decided in [`super::problems`].

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::problems::flag;
use crate::cloneup::{Failure, Failures};

/// The failures, whose words end with the origin of the value that they are about.
pub(super) fn with_origins(Failures(failures): Failures, matches: &ArgMatches) -> Failures {
    Failures(failures.into_iter().map(|failure| with_origin(failure, matches)).collect())
}

fn with_origin(failure: Failure, matches: &ArgMatches) -> Failure {
    let flag = flag(&failure.body().path);
    let key = flag.trim_start_matches('-');
    let id = key.replace('-', "_");
    let source = matches.ids().find(|known| known.as_str() == id).and_then(|_| matches.value_source(&id));
    let origin = match source {
        Some(ValueSource::EnvVariable) => format!("from SYNCTOOL_{}", id.to_uppercase()),
        // A default of the program is valid, so this one is that of the configuration file.
        Some(ValueSource::DefaultValue) => format!("from `{key}` in synctool.toml"),
        _ => return failure,
    };
    match failure.words.clone() {
        Some(words) => failure.in_words(format!("{words} ({origin})")),
        None => failure,
    }
}
