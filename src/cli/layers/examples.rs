//! Examples of the command line, for help and manual pages. Where they are shown is decided in
//! [`super::help`] and in `generated`.

/// A command line, and what it does.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Example {
    pub(in crate::cli) what: &'static str,
    pub(in crate::cli) line: &'static str,
}

const fn example(what: &'static str, line: &'static str) -> Example {
    Example { what, line }
}

const ROOT: &[Example] = &[
    #[cfg(feature = "serve")]
    example("Show an upload of generated data to a server on this machine", "synctool demo"),
    example("Show the content of a database", "synctool inspect app.db"),
    example("Upload it", "synctool cloneup --db app.db --remote https://example.org/datafn"),
];

const CLONEUP: &[Example] = &[
    example(
        "Show what an upload would send",
        "synctool cloneup --db app.db --remote https://example.org/datafn --dry-run",
    ),
    example("Upload, with the database and the server in synctool.toml", "synctool cloneup"),
    example(
        "Continue after rejected mutations, and write them to a file",
        "synctool cloneup --no-fail-fast --error-file rejected.jsonl",
    ),
    example("Upload them again, once they are corrected", "synctool cloneup --only-failed rejected.jsonl"),
    example("Upload only what the server lacks or has otherwise", "synctool cloneup --only-changed"),
    example(
        "Make the server what the database is, and remove everything else from it",
        "synctool cloneup --overwrite --delete-extra --yes",
    ),
    example(
        "Upload two resources without their join rows, and compare both sides",
        "synctool cloneup --resources todos,tags --no-include-many-many --verify",
    ),
    example(
        "Upload, and write a report for a person and counters for a monitoring system",
        "synctool cloneup --report report.html --metrics-file synctool.prom",
    ),
    example(
        "Upload all databases in a folder, whatever happens to one of them",
        "synctool cloneup --db 'tenants/*.db' --no-fail-fast",
    ),
    example(
        "Upload one third of the records, while other jobs upload the rest",
        "synctool cloneup --shard 1/3 > 1.json",
    ),
];

const CLONE: &[Example] = &[
    example(
        "Make a new database, with the server in synctool.toml",
        "synctool clone --db copy.db --schema schema.json",
    ),
    example(
        "Continue a clone that was interrupted; its file has the schema",
        "synctool clone --db copy.db --remote https://example.org/datafn",
    ),
];

const VERIFY: &[Example] = &[
    example("Compare everything", "synctool verify --db app.db --remote https://example.org/datafn"),
    example(
        "Compare one resource, with the database and the server in synctool.toml",
        "synctool verify --resources todos",
    ),
];

const INSPECT: &[Example] = &[
    example("Show a database, with an inferred schema if it has none", "synctool inspect app.db"),
    example("Show it as JSON", "synctool inspect app.db --output json"),
];

const INFER: &[Example] =
    &[example("Write a schema for a database", "synctool schema infer app.db > schema.json")];

const CHECK: &[Example] = &[
    example("Check a schema", "synctool schema check schema.json"),
    example("Check also that a database fits it", "synctool schema check schema.json --db app.db"),
];

const SCHEMA: &[Example] = &[INFER[0], CHECK[0]];

const SHOW: &[Example] = &[
    example("Show the configuration in this folder", "synctool config show"),
    example("Show that of another file", "synctool config show --config ci/synctool.toml"),
];

const MERGE_RESULTS: &[Example] = &[example(
    "Add up the results of all shards, and finalize if they are ok",
    "synctool merge-results 1.json 2.json && synctool cloneup --stage finalize",
)];

const REPORT: &[Example] = &[
    example("Write a page", "synctool report events.ndjson -o report.html"),
    example("Write one for all shards", "synctool report events-*.ndjson -o report.html"),
    example("Print tables in Markdown", "synctool report events.ndjson --format md"),
];

const COMPLETIONS: &[Example] = &[
    example("bash, in ~/.bashrc", "source <(synctool completions bash)"),
    example("zsh, in ~/.zshrc behind compinit", "source <(synctool completions zsh)"),
    example("fish, in ~/.config/fish/config.fish", "synctool completions fish | source"),
    example("elvish, in ~/.config/elvish/rc.elv", "eval (synctool completions elvish | slurp)"),
    example("PowerShell, in $PROFILE", "synctool completions powershell | Out-String | Invoke-Expression"),
];

const SERVE: &[Example] = &[
    example("Serve on this machine", "synctool serve --schema schema.json --data server.db"),
    example(
        "Serve to other machines, which must send a token",
        "synctool serve --schema schema.json --listen 0.0.0.0:4400 --token-file token",
    ),
    #[cfg(feature = "postgres")]
    example(
        "Serve from PostgreSQL, whose URL is in a file",
        "synctool serve --schema schema.json --database-url-file url",
    ),
];

const DEMO: &[Example] = &[
    example("Upload generated data", "synctool demo"),
    example("Keep the files in a folder of their own", "synctool demo --dir demo"),
];

/// The examples of a command, by its name without `synctool`, such as `schema infer`.
pub(in crate::cli) fn examples(command: &str) -> &'static [Example] {
    match command {
        "" => ROOT,
        "cloneup" => CLONEUP,
        "clone" => CLONE,
        "verify" => VERIFY,
        "inspect" => INSPECT,
        "schema infer" => INFER,
        "schema check" => CHECK,
        "schema" => SCHEMA,
        "config show" | "config" => SHOW,
        "merge-results" => MERGE_RESULTS,
        "report" => REPORT,
        "completions" => COMPLETIONS,
        "serve" => SERVE,
        "demo" => DEMO,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::layers::command;
    use crate::cli::layers::help::WIDTH;

    /// Parses the examples of a command and of its subcommands.
    fn parse(definition: &clap::Command, name: &str, count: &mut usize) {
        assert!(!examples(name).is_empty(), "{name} has no example");
        for Example { line, .. } in examples(name) {
            let words = line.trim_start_matches("source <(").trim_start_matches("eval (");
            let words: Vec<_> =
                words.split([' ', ')']).take_while(|word| !["|", ">", "&&"].contains(word)).collect();
            let words = words.into_iter().filter(|word| !word.is_empty());
            let parsed = command().try_get_matches_from(words);
            assert!(line.len() <= WIDTH - 4, "{line}");
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            *count += 1;
        }
        for subcommand in definition.get_subcommands() {
            let name = format!("{name} {}", subcommand.get_name());
            parse(subcommand, name.trim_start(), count);
        }
    }

    #[test]
    fn examples_are_valid_command_lines() {
        let mut count = 0;
        parse(&command(), "", &mut count);
        assert!(count >= 20, "{count}");
    }
}
