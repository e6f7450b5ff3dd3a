//! The manual pages, one for each command. What the definition of the command line does not have (variables
//! and files) is in [`super::man_notes`]; where the pages are written is decided in
//! [`super::files`](mod@super::files).

use std::io;

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::man_notes::{environment, files};
use crate::cli::exit;
use crate::cli::layers::examples;
use crate::cli::output::wrapped;

/// Width of a line of text in the source of a page.
const WIDTH: usize = 72;

/// A page: its name, such as `synctool-schema-check`, and its source.
pub(super) struct Page {
    pub(super) name: String,
    pub(super) source: String,
}

/// The pages of a command that has been built, and of its subcommands.
///
/// # Errors
/// An [`io::Error`] when a page cannot be rendered.
pub(super) fn pages(command: &Command) -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    add(command, "", &[], &mut pages)?;
    Ok(pages)
}

/// Adds the pages of the command, whose name without `synctool` is `name`. `family` are the pages of its
/// parent and of all of the parent's subcommands.
fn add(command: &Command, name: &str, family: &[String], pages: &mut Vec<Page>) -> io::Result<()> {
    let own = page_name(command);
    let subcommands: Vec<_> = subcommands(command).collect();
    let children: Vec<_> = subcommands.iter().map(|subcommand| page_name(subcommand)).collect();
    let others: Vec<_> = family.iter().chain(&children).filter(|page| **page != own).cloned().collect();
    pages.push(Page { source: source(command, name, &others)?, name: own.clone() });
    let family: Vec<_> = std::iter::once(own).chain(children).collect();
    for subcommand in subcommands {
        let name = format!("{name} {}", subcommand.get_name());
        add(subcommand, name.trim_start(), &family, pages)?;
    }
    Ok(())
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help")
}

fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// The source of a page; `others` are the pages that it refers to.
fn source(command: &Command, name: &str, others: &[String]) -> io::Result<String> {
    let man = Man::new(with_usage(command));
    let mut title = Roff::new();
    // A date would differ between two builds of one version. clap_mangen would leave out its place.
    let version = concat!("synctool ", env!("CARGO_PKG_VERSION"));
    title
        .control("TH", [page_name(command).to_uppercase().as_str(), "1", "\"\"", version, "synctool manual"]);
    // Names of options and variables are neither hyphenated nor stretched.
    title.control("nh", []).control("ad", ["l"]);
    let mut source = title.render();
    for section in [Man::render_name_section, Man::render_synopsis_section, Man::render_description_section] {
        let mut text = Vec::new();
        section(&man, &mut text)?;
        source.push_str(&without_preamble(&String::from_utf8_lossy(&text)));
    }
    let mut roff = Roff::new();
    commands(&mut roff, command);
    options(&mut roff, command);
    roff.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in exit::table(name) {
        item(&mut roff, [bold(status)], meaning);
    }
    environment(&mut roff, command);
    files(&mut roff, name);
    roff.control("SH", ["EXAMPLES"]);
    for example in examples(name) {
        item(&mut roff, [roman(example.what)], "");
        roff.text([bold(example.line)]);
    }
    roff.control("SH", ["SEE ALSO"]);
    for (place, page) in others.iter().enumerate() {
        let end = if place + 1 < others.len() { "(1)," } else { "(1)" };
        roff.text([bold(page), roman(end)]);
    }
    source.push_str(&without_preamble(&roff.render()));
    Ok(source)
}

/// The command with the usage line of its help as the synopsis, instead of all of its options.
fn with_usage(command: &Command) -> Command {
    let usage = command.clone().render_usage().to_string();
    let command = command.clone().override_usage(usage.trim_start_matches("Usage: ").to_owned());
    let Some(about) = command.get_long_about().map(ToString::to_string) else { return command };
    let paragraphs: Vec<_> = about.split("\n\n").map(|text| wrapped(text, WIDTH).join("\n")).collect();
    command.long_about(paragraphs.join("\n\n"))
}

/// The lines without the definitions that a whole page has once, at its beginning.
fn without_preamble(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with(".ie ") && !line.starts_with(".el "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// An item of a list: a term, and text in short lines.
pub(super) fn item(roff: &mut Roff, term: impl Into<Vec<Inline>>, text: &str) {
    roff.control("TP", []);
    roff.text(term);
    lines(roff, text);
}

/// Text in short lines.
pub(super) fn lines(roff: &mut Roff, text: &str) {
    for line in wrapped(text, WIDTH) {
        roff.text([roman(line)]);
    }
}

fn commands(roff: &mut Roff, command: &Command) {
    if subcommands(command).next().is_none() {
        return;
    }
    roff.control("SH", ["COMMANDS"]);
    for subcommand in subcommands(command) {
        let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
        item(roff, [bold(page_name(subcommand)), roman("(1)")], &about);
    }
}

/// The arguments and options, with the headings of the help.
fn options(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["OPTIONS"]);
    let args: Vec<_> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let mut headings = Vec::new();
    for heading in args.iter().map(|arg| arg.get_help_heading()) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        if let Some(heading) = heading {
            roff.control("SS", [heading]);
        }
        for arg in args.iter().filter(|arg| arg.get_help_heading() == heading) {
            item(roff, term(arg), &description(arg));
        }
    }
}

/// An option as it is typed.
fn term(arg: &Arg) -> Vec<Inline> {
    let mut term = Vec::new();
    if let Some(short) = arg.get_short() {
        term.extend([bold(format!("-{short}")), roman(", ")]);
    }
    term.extend(arg.get_long().map(|long| bold(format!("--{long}"))));
    if arg.get_action().takes_values() {
        let value = arg.get_value_names().map_or(String::new(), |names| names.join(" "));
        let is_optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
        term.extend(match (arg.get_long(), is_optional) {
            (None, _) => vec![italic(value)],
            (_, true) => vec![roman("[="), italic(value), roman("]")],
            (_, false) => vec![roman(" "), italic(value)],
        });
    }
    term
}

/// What an option means, and the values that it takes.
fn description(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    if values.is_empty() || arg.is_hide_possible_values_set() || !arg.get_action().takes_values() {
        return help;
    }
    format!("{help}. Values: {}", values.iter().map(value).collect::<Vec<_>>().join(", "))
}

fn value(value: &PossibleValue) -> String {
    match value.get_help() {
        Some(help) => format!("{} ({help})", value.get_name()),
        None => value.get_name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::layers::command;

    fn all() -> Vec<Page> {
        let mut command = command();
        command.build();
        pages(&command).unwrap()
    }

    #[test]
    fn every_page_has_the_sections_of_a_manual_page_in_their_order() {
        for Page { name, source } in all() {
            let sections: Vec<_> = source.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
            let expected = [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "COMMANDS",
                "OPTIONS",
                "\"EXIT STATUS\"",
                "ENVIRONMENT",
                "FILES",
                "EXAMPLES",
                "\"SEE ALSO\"",
            ];
            let found: Vec<_> = expected.into_iter().filter(|section| sections.contains(section)).collect();
            assert_eq!(sections, found, "{name}");
            assert!(found.len() >= expected.len() - 1, "{name}: {found:?}");
            let synopsis = source.split_once(".SH SYNOPSIS\n").unwrap().1.lines().next().unwrap();
            assert!(synopsis.len() <= 80, "{name}: {synopsis}");
        }
    }

    #[test]
    fn pages_refer_to_pages_that_exist() {
        let pages = all();
        for page in &pages {
            let (_, see_also) = page.source.split_once(".SH \"SEE ALSO\"\n").unwrap();
            for line in see_also.lines() {
                let other = line.trim_start_matches(r"\fB").split(r"\fR").next().unwrap().replace('\\', "");
                assert!(other != page.name && pages.iter().any(|page| page.name == other), "{other}");
            }
        }
    }
}
