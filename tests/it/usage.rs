//! Options, schemas and databases that cannot be used are reported before the first byte is
//! sent, with a result and an exit status (contract 3.5). Not the checks of rows (`plan`).

use serde_json::json;

use super::common::{database, errors_of, result, status, stderr, synctool};

#[test]
fn missing_and_invalid_options_are_all_reported_and_exit_with_2() {
    let offline = database();
    let invalid = |message: &str, path: &str| {
        ("DFQL_INVALID".to_owned(), format!("Invalid cloneUp: {message}"), path.to_owned())
    };
    let storage = invalid("storage is required", "storage");
    let remote = invalid("sync.remote is required", "sync.remote");
    let batch = invalid("batchSize must be a positive integer", "batchSize");
    let retries = invalid("maxRetries must be a non-negative integer", "maxRetries");
    let concurrency = invalid("concurrency must be auto or a positive integer", "concurrency");
    for (arguments, expected) in [
        (vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--concurrency", "0"], vec![concurrency]),
        (vec![], vec![storage.clone(), remote.clone()]),
        (vec!["--remote", "http://127.0.0.1:9"], vec![storage.clone()]),
        (vec!["--db", "", "--remote", "http://127.0.0.1:9"], vec![storage.clone()]),
        (vec!["--db", "app.db"], vec![remote.clone()]),
        (vec!["--db", "app.db", "--batch-size", "0"], vec![remote, batch.clone()]),
        (vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--batch-size=-1"], vec![batch.clone()]),
        (
            vec!["--db", "app.db", "--remote", "http://127.0.0.1:9", "--batch-size", "1.5"],
            vec![batch.clone()],
        ),
        (
            vec![
                "--db",
                "app.db",
                "--remote",
                "http://127.0.0.1:9",
                "--batch-size",
                "abc",
                "--max-retries",
                "-1",
            ],
            vec![batch, retries],
        ),
    ] {
        let output = synctool(&offline).arg("cloneup").args(&arguments).output().unwrap();
        assert_eq!((status(&output), errors_of(&output)), (2, expected), "{arguments:?}");
    }
}

#[test]
fn stderr_speaks_of_flags_where_the_result_has_the_words_of_the_api() {
    let offline = database();
    for (arguments, expected) in [
        (
            &[][..],
            "error: --db is missing: name the database, or set SYNCTOOL_DB or `db` in synctool.toml\n\
             error: --remote is missing: name the server's base URL, or set SYNCTOOL_REMOTE or `remote` in \
             synctool.toml\n",
        ),
        (
            &["--db", "app.db", "--remote", "http://h", "--batch-size", "0", "--retry-max-delay", "soon"],
            "error: --batch-size must be a positive integer, not `0`\n\
             error: --retry-max-delay must be a duration such as 500ms, 30s or 2m, not `soon`\n",
        ),
        (
            &["--db", "app.db", "--remote", "h"],
            "error: --remote: the remote must be an http:// or https:// URL, such as \
             https://example.org/datafn\n",
        ),
        (
            &["--db", "app.db", "--remote", "http://h", "--progress-interval", "0"],
            "error: --progress-interval must be longer than 0, not `0`\n",
        ),
    ] {
        for command in ["cloneup", "verify"] {
            if command == "verify" && arguments.contains(&"--batch-size") {
                continue;
            }
            let output = synctool(&offline).arg(command).args(arguments).arg("--quiet").output().unwrap();
            let mut said = stderr(&output);
            // The order is that in which they are found.
            let mut lines: Vec<_> = said.lines().collect();
            lines.sort_unstable();
            said = lines.join("\n") + "\n";
            assert_eq!((status(&output), said.as_str()), (2, expected), "{command} {arguments:?}");
        }
    }
}

#[test]
fn unknown_flags_and_values_print_a_result_and_exit_with_2() {
    let offline = database();
    for (arguments, path) in [
        (vec!["--bach-size", "5"], "--bach-size"),
        (vec!["--record-operation", "upsert"], "--record-operation"),
        (vec!["--no-pull-after=true"], "--no-pull-after"),
        (vec!["--token", "secret"], "--token"),
        (vec!["stray"], "stray"),
    ] {
        let output = synctool(&offline).arg("cloneup").args(&arguments).output().unwrap();
        assert_eq!(status(&output), 2, "{arguments:?}");
        let errors = errors_of(&output);
        assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", path), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
    }
    for before in [["--config", "/dev/null"], ["--config", "missing.toml"]] {
        let output = synctool(&offline).args(before).args(["cloneup", "--wat"]).output().unwrap();
        assert_eq!((status(&output), result(&output)["ok"].clone()), (2, json!(false)));
    }
    let output = synctool(&offline).args(["cloneup", "--quiet", "--wat"]).output().unwrap();
    assert_eq!(stderr(&output), "error: unexpected argument '--wat' found\n");
    let output = synctool(&offline).args(["cloneup", "--bach-size", "5"]).output().unwrap();
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn an_unusable_database_exits_with_3_and_an_unusable_schema_with_2() {
    let offline = database();
    std::fs::write(offline.folder().join("text.db"), "not a database, but long enough to look at").unwrap();
    std::fs::write(offline.folder().join("bad.json"), r#"{"resources": [{}]}"#).unwrap();
    let run = |db: &str, extra: &[&str]| {
        let arguments = ["cloneup", "--db", db, "--remote", "http://127.0.0.1:9"];
        synctool(&offline).args(arguments).args(extra).output().unwrap()
    };
    for db in ["missing.db", "text.db", "."] {
        let output = run(db, &[]);
        assert_eq!((status(&output), errors_of(&output)[0].0.as_str()), (3, "STORAGE_ERROR"), "{db}");
        assert_eq!(
            stderr(&output).contains("hint: name the databases in it"),
            db == ".",
            "{}",
            stderr(&output)
        );
        assert!(!offline.folder().join("missing.db").exists(), "it was created");
    }
    let output = run("app.db", &["--schema", "bad.json"]);
    assert_eq!((status(&output), errors_of(&output)[0].0.as_str()), (2, "SCHEMA_INVALID"));
    assert_eq!(errors_of(&output)[0].2, "resources[0].name");
    assert!(errors_of(&output)[0].1.contains("bad.json, line 1, column 16"), "{}", stderr(&output));
    let output = run("app.db", &["--schema", "no.json"]);
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "schema"));
    offline.execute("DELETE FROM __datafn_meta WHERE key = 'schema'");
    let output = run("app.db", &[]);
    assert_eq!(status(&output), 2);
    assert!(errors_of(&output)[0].1.contains("synctool schema infer"), "{}", stderr(&output));
}

#[test]
fn a_flag_that_takes_one_value_is_refused_twice() {
    let offline = database();
    for (arguments, path) in [
        (&["--schema", "a.json", "--schema", "b.json"][..], "--schema"),
        (&["--batch-size=1", "--batch-size", "2"], "--batch-size"),
        (&["--pull-after", "--pull-after=false"], "--pull-after"),
        (&["--output", "json", "--output", "json"], "--output"),
        (&["--config", "a.toml", "--config", "b.toml"], "--config"),
    ] {
        let output = synctool(&offline).arg("cloneup").args(arguments).output().unwrap();
        let errors = errors_of(&output);
        assert_eq!((status(&output), errors.len(), errors[0].2.as_str()), (2, 1, path), "{arguments:?}");
        assert!(errors[0].1.contains("cannot be used multiple times"), "{errors:?}");
    }
    let output = synctool(&offline).args(["--config", "a", "cloneup", "--config=b"]).output().unwrap();
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "--config"));
    let output = synctool(&offline).args(["--profile=a", "cloneup", "--profile", "a"]).output().unwrap();
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "--profile"));
    // Flags without a value, lists, and a flag with its opposite.
    let twice = ["--dry-run", "--dry-run", "-v", "-v", "--resources", "tags", "--resources", "tags"];
    let base =
        ["cloneup", "--db", "app.db", "--remote", "http://127.0.0.1:9", "--pull-after", "--no-pull-after"];
    let output = synctool(&offline).args(base).args(twice).output().unwrap();
    assert!(!stderr(&output).contains("multiple times"), "{}", stderr(&output));
}

#[test]
fn a_mistaken_subcommand_or_option_names_the_right_one() {
    let offline = database();
    for (arguments, tip) in [
        (&["upload"][..], "`synctool cloneup` does this"),
        (&["push", "--db", "app.db"], "`synctool cloneup` does this"),
        (&["--config", "sync", "sync"], "`synctool cloneup` does this"),
        (&["help", "upload"], "`synctool cloneup` does this"),
        (&["cloneupp"], "'cloneup'"),
        (&["shcema", "check"], "'schema'"),
        (&["schema", "validate", "x"], "`synctool schema check` does this"),
        (&["config", "list"], "`synctool config show` does this"),
        (&["verify", "--batch-size", "5"], "`--batch-size` is an option of `synctool cloneup`"),
        (
            &["--db", "app.db"],
            "`--db` is an option of `synctool cloneup`, `synctool clone` and `synctool verify`",
        ),
        (&["--pull-limit", "5"], "`--pull-limit` is an option of"),
        (&["pull", "x"], "`synctool clone` does this"),
        (&["inspect", "--db", "app.db"], "the value is given without `--db`"),
        (&["cloneup", "--token", "secret"], "SYNCTOOL_TOKEN"),
        (&["cloneup", "--dry-runn"], "'--dry-run'"),
        (&["cloneup", "app.db"], "`--db app.db` names a database"),
        (&["cloneup", "-db", "app.db"], "`--db`"),
        (&["cloneup", "--pull-after", "false"], "`--pull-after=false`"),
        (&["cloneup"], "the value comes from the variable SYNCTOOL_QUIET"),
    ] {
        let mut command = synctool(&offline);
        command.args(arguments);
        if tip.ends_with("SYNCTOOL_QUIET") {
            command.env("SYNCTOOL_QUIET", "perhaps");
        }
        let output = command.output().unwrap();
        let text = stderr(&output);
        let tips: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
        assert_eq!((status(&output), tips.len()), (2, 1), "{arguments:?}: {text}");
        assert!(tips[0].contains(tip), "{arguments:?}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
