//! The sections of the manual pages that the definition of the command line does not have: environment
//! variables and files. The rest of a page is made in [`super::man`].

use clap::{Arg, Command};
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::man::{item, lines};
use crate::cli::layers::is_opposite;

/// The section of the environment variables.
pub(super) fn environment(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["ENVIRONMENT"]);
    let is_named = |arg: &&Arg| !is_opposite(command, arg.get_id().as_str());
    let variables: Vec<_> = command
        .get_arguments()
        .filter(is_named)
        .filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned()))
        .collect();
    lines(
        roff,
        "A flag comes before its variable, a variable before synctool.toml, and the file before the default. \
         Lists are separated by commas. A variable that is set to nothing counts as not set.",
    );
    roff.control("PP", []);
    lines(roff, &format!("The options have the variables {}.", variables.join(", ")));
    if command.get_arguments().any(|arg| arg.get_id() == "token_file") {
        let text = "The token. It comes before a file or command that a variable or synctool.toml names, and after \
             a --token-file on the command line.";
        item(roff, [bold("SYNCTOOL_TOKEN")], text);
    }
    if command.get_arguments().any(|arg| arg.get_id() == "proxy") {
        let names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];
        let text = "The proxy, and what is reached without one, where --proxy and --no-proxy are not given.";
        item(roff, [bold(names.join(", "))], text);
    }
    item(roff, [bold("NO_COLOR")], "If it is set, nothing is printed in colours.");
}

/// The section of the files; `name` is the name of the command without `synctool`.
pub(super) fn files(roff: &mut Roff, name: &str) {
    roff.control("SH", ["FILES"]);
    item(
        roff,
        [bold("synctool.toml")],
        "The configuration: options by their names, as in batch-size = 500, with paths relative to the file. \
         The one in the working directory or in the nearest folder above it is read, unless it belongs to \
         another user; --config names any file.",
    );
    if matches!(name, "" | "cloneup") {
        item(
            roff,
            [italic("DATABASE"), bold(".synctool")],
            "Beside the database, while an upload is running or after it was interrupted: its lock, and the \
             checkpoint from which the same command continues. A shard has its own, with an end such as -3of8.",
        );
    }
    if matches!(name, "" | "serve") {
        item(roff, [italic("DATA")], "The store of the server, a SQLite database (--data).");
        item(roff, [italic("DATA"), bold("-lock")], "Beside the store: keeps a second server away from it.");
    }
    if name == "demo" {
        let text = "The files of a demonstration, in the folder that it prints.";
        item(roff, [bold("app.db"), roman(", "), bold("schema.json"), roman(", "), bold("server.db")], text);
    }
}
