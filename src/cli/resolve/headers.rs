//! The headers that are sent with every request: texts become names and values. Whether a name is one
//! that HTTP takes is decided in [`crate::remote`].

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::problems::Problems;
use crate::cli::args::Target;

/// Names and values of `--header`.
pub(super) fn headers(
    target: &Target,
    matches: &ArgMatches,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let texts = if matches.value_source("header") == Some(ValueSource::EnvVariable) {
        target.header.iter().flat_map(|list| split(list)).collect()
    } else {
        target.header.clone()
    };
    let headers = texts.iter().filter_map(|header| {
        let pair = header.split_once(':').map(|(name, value)| (name.trim().into(), value.trim().into()));
        if pair.is_none() {
            let message = "header must look like `Name: value`";
            problems.told_as(message, "header", format!("--{message}"));
        }
        pair
    });
    headers.collect()
}

/// Headers in one environment variable: a comma separates them where a header follows it, because a
/// value may contain commas too.
fn split(text: &str) -> Vec<String> {
    let is_header = |text: &str| {
        text.trim_start().split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
    };
    let mut headers: Vec<String> = Vec::new();
    for part in text.split(',') {
        match headers.last_mut() {
            Some(last) if !is_header(part) => {
                last.push(',');
                last.push_str(part);
            }
            _ => headers.push(part.trim_start().to_owned()),
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_split_only_where_a_header_follows_the_comma() {
        assert_eq!(split("X-A: 1, X-B: 2"), ["X-A: 1", "X-B: 2"]);
        assert_eq!(split("Accept: a/b, c/d,X-B: 2"), ["Accept: a/b, c/d", "X-B: 2"]);
        assert_eq!(split("X-A: 1"), ["X-A: 1"]);
    }
}
