//! Profiles of the configuration file (contract 3.10: `--profile`). Not which layer comes first (`config`).

use serde_json::Value;

use super::common::{Scripted, database, errors_of, status, stderr, synctool};

const FILE: &str = "db = 'app.db'
batch_size = 1
max-retries = 0

[profile.ci]
batch-size = 2
token-file = 'token'

[profile.wide]
concurrency = 9
";

/// The value and the origin of a key, as `config show` says them.
fn shown(output: &std::process::Output, key: &str) -> (String, String) {
    let entries: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let entry = entries.iter().find(|entry| entry["key"] == key).unwrap();
    (entry["value"].as_str().unwrap_or("-").to_owned(), entry["from"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_a_profile_come_before_the_top_level_keys_and_after_flags_and_environment() {
    let offline = database();
    let server = Scripted::start().await;
    std::fs::write(offline.folder().join("synctool.toml"), FILE).unwrap();
    std::fs::write(offline.folder().join("token"), "t0ken-of-ci").unwrap();
    let below = offline.folder().join("a");
    std::fs::create_dir(&below).unwrap();
    let mut seen = 0;
    for (flags, variables, sizes, has_token) in [
        (&[][..], &[][..], &[1, 1][..], false),
        (&["--profile", "ci"], &[], &[2], true),
        (&["--profile", "wide"], &[], &[1, 1], false),
        (&[], &[("SYNCTOOL_PROFILE", "ci")], &[2], true),
        (&[], &[("SYNCTOOL_PROFILE", "")], &[1, 1], false),
        (&["--profile", "wide"], &[("SYNCTOOL_PROFILE", "ci")], &[1, 1], false),
        (&["--profile", "ci"], &[("SYNCTOOL_BATCH_SIZE", "1")], &[1, 1], true),
        (&["--profile", "ci", "--batch-size", "1"], &[], &[1, 1], true),
    ] {
        let mut command = synctool(&offline);
        command.current_dir(&below).arg("cloneup").args(flags).envs(variables.iter().copied());
        command.env("SYNCTOOL_REMOTE", server.base()).env("SYNCTOOL_CONCURRENCY", "1");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(status(&output), 0, "{flags:?}: {}", stderr(&output));
        let all = server.batch_sizes();
        assert_eq!(all[seen..], *sizes, "{flags:?} {variables:?}");
        let token = server.pushes()[seen].headers.get("authorization").cloned();
        assert_eq!(token.as_deref() == Some("Bearer t0ken-of-ci"), has_token, "{flags:?}: {token:?}");
        seen = all.len();
    }
}

#[test]
fn config_show_names_the_profile_that_a_value_comes_from() {
    let offline = database();
    let path = offline.folder().join("synctool.toml");
    std::fs::write(&path, FILE).unwrap();
    for arguments in [&["config", "show", "--profile", "ci"][..], &["--profile", "ci", "config", "show"]] {
        let output = synctool(&offline).args(arguments).args(["--output", "json"]).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let (file, profile) = (path.display().to_string(), format!("{}, profile ci", path.display()));
        assert_eq!(shown(&output, "batch-size"), ("2".to_owned(), profile));
        assert_eq!(shown(&output, "max-retries"), ("0".to_owned(), file));
        assert_eq!(shown(&output, "concurrency"), ("auto".to_owned(), "default".to_owned()));
    }
}

#[test]
fn an_unknown_profile_is_a_usage_error_that_lists_those_there_are() {
    let offline = database();
    for (file, name, path, message) in [
        (FILE, "c1", "profile", "there is no profile `c1`; the file has ci, wide"),
        ("db = 'app.db'", "ci", "profile", "there is no profile `ci`; the file has no profiles"),
        ("profile = 'ci'", "ci", "profile", "must be written as tables: [profile.NAME]"),
        ("[profile]\nci = 1", "ci", "profile.ci", "must be a table"),
        ("[profile.ci]\nbach-size = 1", "ci", "bach-size", "is it meant to be `batch-size`?"),
        ("[profile.ci]\nprofile = 'x'", "ci", "profile", "is not known"),
    ] {
        std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
        let output = synctool(&offline).args(["cloneup", "--profile", name]).output().unwrap();
        assert_eq!(status(&output), 2, "{file}");
        let (_, found, at) = &errors_of(&output)[0];
        assert_eq!(at, path, "{file}");
        assert!(found.contains(message) && found.contains("synctool.toml"), "{found}");
        let output = synctool(&offline).args(["config", "show", "--profile", name]).output().unwrap();
        assert_eq!(status(&output), 2, "{file}");
    }
    std::fs::remove_file(offline.folder().join("synctool.toml")).unwrap();
    let output = synctool(&offline).args(["verify", "--profile", "ci"]).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("there is no synctool.toml in this folder or above"),
        "{}",
        stderr(&output)
    );
}
