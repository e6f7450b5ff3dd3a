//! Where the value of an option comes from: flag, then environment, then file, then default
//! (contract 3). Not which values are valid (`usage`).

use serde_json::json;

use super::common::{Offline, Scripted, database, errors_of, result, status, stderr, synctool};

/// The batch sizes of a `cloneup` with a file, variables and flags.
async fn sizes(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Vec<usize> {
    let (offline, server) = (database(), Scripted::start().await);
    run(&offline, &server, file, variables, flags).await;
    server.batch_sizes()
}

/// Runs `cloneup` two folders below the file; the run must succeed.
async fn run(
    offline: &Offline,
    server: &Scripted,
    file: &str,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> std::process::Output {
    std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
    let below = offline.folder().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let mut command = synctool(offline);
    command.current_dir(below).arg("cloneup").args(flags).env("SYNCTOOL_REMOTE", server.base());
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_overrides_the_environment_which_overrides_the_file() {
    let file = "db = 'app.db'\nbatch-size = 1";
    assert_eq!(sizes("db = 'app.db'", &[], &[]).await, [2]);
    assert_eq!(sizes(file, &[], &[]).await, [1, 1]);
    assert_eq!(sizes("db = 'app.db'\nbatch_size = '1'", &[], &[]).await, [1, 1]);
    assert_eq!(sizes(file, &[("SYNCTOOL_BATCH_SIZE", "2")], &[]).await, [2]);
    assert_eq!(sizes("db = 'app.db'", &[("SYNCTOOL_BATCH_SIZE", "2")], &["--batch-size", "1"]).await, [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_off_options_are_read_from_flags_environment_and_file() {
    let pulls = |file: &'static str,
                 variables: &'static [(&'static str, &'static str)],
                 flags: &'static [&'static str]| async move {
        let (offline, server) = (database(), Scripted::start().await);
        run(&offline, &server, &format!("db = 'app.db'\n{file}"), variables, flags).await;
        !server.pulls().is_empty()
    };
    assert!(pulls("", &[], &[]).await);
    for flags in [&["--no-pull-after"][..], &["--pull-after=false"], &["--pull-after", "--no-pull-after"]] {
        assert!(!pulls("", &[], flags).await, "{flags:?}");
    }
    for flags in [&["--pull-after"][..], &["--pull-after=true"], &["--no-pull-after", "--pull-after"]] {
        assert!(pulls("pull-after = false", &[("SYNCTOOL_PULL_AFTER", "false")], flags).await, "{flags:?}");
    }
    assert!(!pulls("pull-after = false", &[], &[]).await);
    assert!(!pulls("", &[("SYNCTOOL_PULL_AFTER", "false")], &[]).await);
    assert!(!pulls("", &[("SYNCTOOL_NO_PULL_AFTER", "true")], &[]).await);
    assert!(pulls("", &[("SYNCTOOL_NO_PULL_AFTER", "true")], &["--pull-after"]).await);
    assert!(pulls("no-resume = true", &[("SYNCTOOL_NO_PULL_AFTER", "false")], &[]).await);
    assert!(pulls("", &[("SYNCTOOL_PULL_AFTER", ""), ("SYNCTOOL_BATCH_SIZE", "")], &[]).await);
    assert!(pulls("pull-after = false", &[("SYNCTOOL_PULL_AFTER", "true")], &[]).await);
    assert!(!pulls("pull-after = true", &[("SYNCTOOL_PULL_AFTER", "true")], &["--no-pull-after"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_arrays_or_separated_by_commas() {
    for (file, variables, flags) in [
        ("resources = ['tags', 'projects']", &[][..], &[][..]),
        ("resources = 'tags,projects'", &[], &[]),
        ("resources = 'tags, projects'", &[], &[]),
        ("resources = ['todos']", &[("SYNCTOOL_RESOURCES", "tags,projects")], &[]),
        ("resources = ['todos']", &[], &["--resources", "tags", "--resources=projects"]),
    ] {
        let (offline, server) = (database(), Scripted::start().await);
        let output = run(&offline, &server, &format!("db = 'app.db'\n{file}"), variables, flags).await;
        assert_eq!(result(&output)["stats"]["joinStores"], json!({}), "{file} {variables:?} {flags:?}");
        assert_eq!(server.subjects(), ["tags/g", "tags/h"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_read_from_flags_environment_and_file() {
    for (file, variables, flags) in [
        ("header = ['X-A: 1', 'X-B: 2, 3']", &[][..], &[][..]),
        ("", &[("SYNCTOOL_HEADER", "X-A: 1,X-B: 2, 3")], &[]),
        ("", &[], &["--header", "X-A: 1", "--header", "X-B:2, 3"]),
    ] {
        let (offline, server) = (database(), Scripted::start().await);
        run(&offline, &server, &format!("db = 'app.db'\n{file}"), variables, flags).await;
        let headers = server.requests()[0].headers.clone();
        assert_eq!((headers["x-a"].as_str(), headers["x-b"].as_str()), ("1", "2, 3"), "{file} {variables:?}");
    }
}

#[test]
fn an_error_in_the_file_names_the_key_and_the_fix() {
    let offline = database();
    for (file, path, part) in [
        ("bach-size = 5", "bach-size", "is it meant to be `batch-size`?"),
        ("token = 'secret'", "token", "use token-file"),
        ("no-pull-after = true", "no-pull-after", "`pull-after = false`"),
        ("output = 'yaml'", "output", "must be one of auto, json, pretty"),
        ("pull-after = 'maybe'", "pull-after", "must be true or false"),
        ("db = { a = 1 }", "db", "must be a single value"),
        ("\n[cloneup]\ndb = 'x'", "cloneup", "line 2: `cloneup` is a table: keys stand at the top level"),
        ("help = true", "help", "line 1: `help` is not known"),
        ("db = 'x'\ndb = ", "config", "line 2"),
    ] {
        std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
        let output = synctool(&offline).arg("cloneup").output().unwrap();
        assert_eq!(status(&output), 2, "{file}");
        let (_, message, found) = &errors_of(&output)[0];
        assert_eq!(found, path, "{file}");
        assert!(message.contains(part), "{file}: {message}");
        assert!(!stderr(&output).contains("secret"), "{}", stderr(&output));
    }
    let output = synctool(&offline).args(["cloneup", "--config", "nowhere.toml"]).output().unwrap();
    assert_eq!(errors_of(&output)[0].2, "config");
}

#[test]
fn all_errors_of_the_file_are_reported_with_their_lines() {
    let offline = database();
    let file = "bach-size = 5\n\nverbose = 'lots'\n[profile.ci]\nremot = 'x'\n";
    std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
    let output = synctool(&offline).args(["cloneup", "--profile", "ci"]).output().unwrap();
    let found: Vec<_> = errors_of(&output).into_iter().map(|(_, message, path)| (message, path)).collect();
    assert_eq!((status(&output), found.len()), (2, 3), "{found:?}");
    for (place, meant, key) in [
        ("line 5: ", "`remote`", "remot"),
        ("line 1: ", "`batch-size`", "bach-size"),
        ("line 3: ", "a number", "verbose"),
    ] {
        let has = |(message, path): &(String, String)| {
            path == key && message.contains(place) && message.contains(meant)
        };
        assert!(found.iter().any(has), "{key}: {found:?}");
        assert!(stderr(&output).contains(place), "{}", stderr(&output));
    }
}

#[test]
fn an_invalid_value_that_nobody_has_typed_comes_with_its_origin() {
    let offline = database();
    std::fs::write(offline.folder().join("synctool.toml"), "max-retries = -1").unwrap();
    for subcommand in ["cloneup", "verify"] {
        let mut command = synctool(&offline);
        command.env("SYNCTOOL_TIMEOUT", "soon").args([subcommand, "--retry-delay", "soon"]);
        let text = stderr(&command.output().unwrap());
        let line = |flag: &str| text.lines().find(|line| line.contains(flag)).unwrap();
        assert!(line("--max-retries ").ends_with("(from `max-retries` in synctool.toml)"), "{text}");
        assert!(line("--timeout ").ends_with("(from SYNCTOOL_TIMEOUT)"), "{text}");
        assert!(!line("--retry-delay ").contains("from"), "{text}");
    }
}

#[test]
fn a_variable_that_no_option_has_is_warned_about_with_the_nearest_one() {
    let offline = database();
    let run = |arguments: &[&str]| {
        let mut command = synctool(&offline);
        command.env("SYNCTOOL_BACH_SIZE", "secret").env("SYNCTOOL_TOKEN", "x").env("SYNCTOOL_RESUORCES", "");
        command.args(arguments).output().unwrap()
    };
    let output = run(&["inspect", "app.db"]);
    let text = stderr(&output);
    let warnings: Vec<_> = text.lines().filter(|line| line.contains("SYNCTOOL_")).collect();
    assert_eq!((status(&output), warnings.len()), (0, 1), "{text}");
    assert!(warnings[0].starts_with("warning: ") && warnings[0].contains("SYNCTOOL_BATCH_SIZE?"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    for quiet in [&["cloneup", "--quiet"][..], &["completions", "bash"]] {
        assert!(!stderr(&run(quiet)).contains("BACH"), "{quiet:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_flag_replaces_the_nearest_file() {
    let (offline, server) = (database(), Scripted::start().await);
    std::fs::create_dir(offline.folder().join("other")).unwrap();
    std::fs::write(offline.folder().join("other/named.toml"), "db = '../app.db'\nbatch-size = 1").unwrap();
    run(&offline, &server, "batch-size = 7", &[], &["--config", "../../other/named.toml"]).await;
    assert_eq!(server.pushes().len(), 2);
}

#[test]
fn config_show_redacts_secrets() {
    let offline = database();
    let mut command = synctool(&offline);
    command
        .env("SYNCTOOL_REMOTE", "https://user:hush@h/datafn?x=1")
        .env("SYNCTOOL_TOKEN_COMMAND", "pass hush");
    command.env("SYNCTOOL_HEADER", "X-Key: hush").env("SYNCTOOL_TOKEN", "hush");
    let output = command.args(["config", "show"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("@h/datafn?x=1") && !text.contains("hush"), "{text}");
}

#[test]
fn config_show_lists_every_option_with_its_default() {
    let offline = database();
    let show = |file: &str| -> Vec<serde_json::Value> {
        std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
        let output = synctool(&offline).args(["config", "show", "--output", "json"]).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let shown = show("");
    for (key, default) in [
        ("batch-size", json!("100")),
        ("batch-bytes", json!("1MiB")),
        ("concurrency", json!("auto")),
        ("fail-fast", json!("true")),
        ("timeout", json!("60s")),
        ("db", json!(null)),
        ("no-resume", json!(null)),
    ] {
        let expected = json!({"key": key, "value": default, "from": "default"});
        assert!(shown.contains(&expected), "{expected} is not in {shown:?}");
    }
    assert!(!shown.iter().any(|entry| entry["key"] == "no-fail-fast"), "it is shown as fail-fast");
    let shown = show("no-resume = true");
    let resume = shown.iter().find(|entry| entry["key"] == "no-resume").unwrap();
    assert_eq!(resume["value"], "true");
    assert!(resume["from"].as_str().unwrap().ends_with("synctool.toml"), "{resume}");
}

/// The user `nobody` of most systems.
#[cfg(unix)]
const NOBODY: u32 = 65534;

/// Whether this process may give files to other users; says so where it may not.
#[cfg(unix)]
fn may_chown(offline: &Offline) -> bool {
    let path = offline.folder().join("chown");
    std::fs::write(&path, "").unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&path.metadata().unwrap()) == 0;
    let is_allowed = is_root && std::os::unix::fs::chown(&path, Some(NOBODY), None).is_ok();
    if !is_allowed {
        eprintln!("skipped: only root can give a file to another user");
    }
    is_allowed
}

/// A database in whose folder `above/below` is the working directory.
#[cfg(unix)]
fn folders() -> (Offline, std::path::PathBuf) {
    let offline = database();
    let below = offline.folder().join("above/below");
    std::fs::create_dir_all(&below).unwrap();
    (offline, below)
}

#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_not_read_and_is_named_with_its_owner() {
    let (offline, below) = folders();
    if !may_chown(&offline) {
        return;
    }
    let (own, foreign) =
        (offline.folder().join("synctool.toml"), offline.folder().join("above/synctool.toml"));
    let evil = offline.folder().join("evil");
    std::fs::write(&foreign, format!("token-command = 'touch {}'\nodd-key = 1", evil.display())).unwrap();
    std::os::unix::fs::chown(&foreign, Some(NOBODY), None).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = synctool(&offline);
        command.current_dir(&below).env("SYNCTOOL_REMOTE", "http://127.0.0.1:9/datafn").args(arguments);
        let output = command.output().unwrap();
        (status(&output), stderr(&output), String::from_utf8(output.stdout).unwrap())
    };
    let warning = format!("warning: {} is not read", foreign.display());
    for arguments in [&["cloneup", "--dry-run"][..], &["cloneup"], &["config", "show"], &["verify"]] {
        let (_, printed, _) = run(arguments);
        assert!(printed.contains(&warning) && printed.contains("uid 65534"), "{arguments:?}: {printed}");
        assert!(!evil.exists(), "{arguments:?}");
    }
    assert!(!run(&["cloneup", "--dry-run", "--quiet"]).1.contains("not read"));

    // The search goes on above it, and -v names what is read.
    std::fs::write(&own, "db = 'app.db'\nmax-retries = 0").unwrap();
    let (status, printed, _) = run(&["cloneup", "-v"]);
    assert_eq!(status, 4, "{printed}");
    assert!(
        printed.contains(&warning) && printed.contains(&format!("configuration file: {}", own.display()))
    );
    let (status, printed, shown) = run(&["config", "show"]);
    assert!(
        status == 0 && printed.contains(&warning) && shown.contains(own.to_str().unwrap()),
        "{printed} {shown}"
    );

    // A file that is named is read, whoever owns it.
    let (status, printed, _) = run(&["cloneup", "--config", foreign.to_str().unwrap()]);
    assert!(status == 2 && printed.contains("odd-key") && !printed.contains("is not read"), "{printed}");
}

#[cfg(unix)]
#[test]
fn a_link_counts_with_its_owner_and_with_the_one_of_its_target() {
    let (offline, below) = folders();
    if !may_chown(&offline) {
        return;
    }
    let (target, link) = (offline.folder().join("target.toml"), below.join("synctool.toml"));
    std::fs::write(&target, "db = '../../app.db'").unwrap();
    for (owner_of_link, owner_of_target, is_read) in [(0, 0, true), (NOBODY, 0, false), (0, NOBODY, false)] {
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(owner_of_link), None).unwrap();
        std::os::unix::fs::chown(&target, Some(owner_of_target), None).unwrap();
        let output = synctool(&offline).current_dir(&below).args(["config", "show"]).output().unwrap();
        assert_eq!(stderr(&output).contains("is not read"), !is_read, "{}", stderr(&output));
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(shown.contains("app.db"), is_read, "{shown}");
    }
}
