//! The JSON Schema of `synctool.toml`: the flags of all subcommands by their names, at the top level and in
//! each profile. The file itself is read in [`crate::cli::layers`].

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use serde_json::{Value, json};

use super::tables::flags;
use crate::cli::layers::is_switch;

/// The schema as the text of its file.
pub(super) fn config_schema(command: &Command) -> String {
    let mut properties = serde_json::Map::new();
    for subcommand in command.get_subcommands() {
        for (long, arg) in flags(subcommand) {
            // A key holds for every subcommand that has the flag; the first one describes it.
            properties.entry(long).or_insert_with(|| property(subcommand, arg));
        }
    }
    // A profile has the same keys as the file, but no profiles.
    let profiles = json!({
        "type": "object",
        "additionalProperties": {"$ref": "#", "not": {"required": ["profile"]}},
        "description": "Profiles by name; with --profile NAME the keys of one come before the top-level keys",
    });
    properties.insert("profile".to_owned(), profiles);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "synctool.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    format!("{schema:#}\n")
}

fn property(command: &Command, arg: &Arg) -> Value {
    let possible = arg.get_possible_values();
    let mut property = match arg.get_action() {
        _ if is_switch(arg) => json!({"type": "boolean"}),
        ArgAction::Append => {
            json!({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
        }
        ArgAction::Count => json!({"type": "integer", "minimum": 0}),
        // `false` turns it off, as `--no-x` does.
        _ if has_opposite(command, arg.get_id().as_str()) => json!({"type": ["string", "boolean"]}),
        _ if possible.is_empty() => json!({"type": ["string", "number"]}),
        _ => json!({"enum": possible.iter().map(PossibleValue::get_name).collect::<Vec<_>>()}),
    };
    property["description"] = json!(arg.get_help().map(ToString::to_string));
    property
}

fn has_opposite(command: &Command, id: &str) -> bool {
    let opposite = format!("no_{id}");
    command.get_arguments().any(|arg| *arg.get_id() == opposite)
}
