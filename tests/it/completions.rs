//! Completions: what a real bash inserts when the tab key is pressed, and the values that are offered. Not
//! that the scripts in `completions/` are current (`generated`).

use super::common::{Offline, database, program, status, stderr, synctool};

/// A schema with names that a shell must quote, and one that cannot be uploaded.
const ODD_NAMES: &str = r#"{"resources": [{"name": "todos"}, {"name": "to do list"}, {"name": "$(touch hacked)"},
    {"name": "far away", "isRemoteOnly": true}, {"name": "a,b"}, {"name": "c\nd"}]}"#;

/// The words of each line after a bash has completed it, where the lines have a tab.
#[cfg(unix)]
fn in_bash(offline: &Offline, script: &str, lines: &[&str]) -> Vec<Vec<String>> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let binaries = assert_cmd::cargo::cargo_bin("synctool").parent().unwrap().to_owned();
    let path = std::env::join_paths(
        [binaries].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut bash = Command::new("bash");
    super::common::remove_settings(&mut bash);
    bash.args(["--norc", "--noprofile", "-i"]).current_dir(offline.folder());
    bash.env("PATH", path.unwrap()).env("TERM", "dumb").env("INPUTRC", "/dev/null").env_remove("HISTFILE");
    let mut bash = bash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = bash.stdin.take().unwrap();
    writeln!(stdin, "{script}").unwrap();
    for line in lines {
        // Control-A goes to the beginning of the line, where a command is put that prints its words.
        writeln!(stdin, "{line}\x01printf '%s|' \necho").unwrap();
    }
    drop(stdin);
    let output = bash.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let printed = text.lines().filter_map(|line| line.strip_prefix("synctool|"));
    printed.map(|line| line.trim_end_matches('|').split('|').map(str::to_owned).collect()).collect()
}

/// The values that fit at the end of the words, as they are listed for fish.
fn offered(offline: &Offline, words: &[&str]) -> Vec<String> {
    let mut command = program(offline.folder());
    let output = command.env("SYNCTOOL_COMPLETE", "fish").arg("--").args(words).output().unwrap();
    assert_eq!((status(&output), stderr(&output).as_str()), (0, ""));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[cfg(unix)]
#[test]
fn bash_completes_subcommands_options_files_and_values() {
    let offline = database();
    std::fs::write(offline.folder().join("odd names.json"), ODD_NAMES).unwrap();
    std::fs::create_dir(offline.folder().join("exports")).unwrap();
    let cases = [
        ("synctool cloneu\t", &["cloneup"][..]),
        ("synctool cloneup --db ap\t--no-pu\t", &["cloneup", "--db", "app.db", "--no-pull-after"]),
        (
            "synctool cloneup --db app.db --resources to\t",
            &["cloneup", "--db", "app.db", "--resources", "todos"],
        ),
        (
            "synctool cloneup --db app.db --resources=tags,p\t",
            &["cloneup", "--db", "app.db", "--resources=tags,projects"],
        ),
        (
            "synctool cloneup --schema odd\t--resources=to\\ \t",
            &["cloneup", "--schema", "odd names.json", "--resources=to do list"],
        ),
        (
            "synctool cloneup --schema 'odd names.json' --resources \"to d\t",
            &["cloneup", "--schema", "odd names.json", "--resources", "to do list"],
        ),
        (
            "synctool cloneup --schema odd\\ names.json --resources '$\t",
            &["cloneup", "--schema", "odd names.json", "--resources", "$(touch hacked)"],
        ),
        (
            "synctool cloneup --remote http://h:1/x --record-operation=r\t",
            &["cloneup", "--remote", "http://h:1/x", "--record-operation=replace"],
        ),
        ("synctool inspect app\t--out\tpr\t", &["inspect", "app.db", "--output", "pretty"]),
        ("synctool cloneup --events ex\tx", &["cloneup", "--events", "exports/x"]),
        ("synctool completions po\t", &["completions", "powershell"]),
    ];
    let lines = cases.map(|(line, _)| line);
    let installed = format!("source {}/completions/synctool.bash", env!("CARGO_MANIFEST_DIR"));
    for script in ["source <(synctool completions bash)", &installed] {
        let completed = in_bash(&offline, script, &lines);
        assert_eq!(completed.len(), cases.len(), "{completed:?}");
        for ((line, expected), words) in cases.iter().zip(completed) {
            assert_eq!(words, *expected, "{line:?} after {script}");
        }
    }
    assert!(!offline.folder().join("hacked").exists(), "the name of a resource was executed");
}

#[test]
fn resources_come_from_the_schema_that_the_layers_lead_to() {
    let offline = database();
    std::fs::write(offline.folder().join("odd.json"), ODD_NAMES).unwrap();
    let stored = ["todos", "projects", "tags"];
    let (words, db) = (["synctool", "cloneup", "--resources", ""], ["--db", "app.db"]);
    assert_eq!(offered(&offline, &words), [""; 0], "there is no database");
    assert_eq!(offered(&offline, &[&["synctool", "verify"], &db[..], &words[2..]].concat()), stored);
    assert_eq!(
        offered(&offline, &["synctool", "cloneup", "--db=app.db", "--resources", "tags,t"]),
        ["tags,todos"]
    );
    let odd = ["todos", "to do list", "$(touch hacked)"];
    let named = ["synctool", "cloneup", "--schema", "odd.json", "--db", "app.db", "--wat", "--resources", ""];
    assert_eq!(offered(&offline, &named), odd);
    std::fs::write(offline.folder().join("synctool.toml"), "db = 'app.db'").unwrap();
    assert_eq!(offered(&offline, &words), stored);
    std::fs::write(offline.folder().join("synctool.toml"), "db = 'app.db'\nschema = 'odd.json'").unwrap();
    assert_eq!(offered(&offline, &words), odd);
    std::fs::write(offline.folder().join("synctool.toml"), "db = ").unwrap();
    assert_eq!(
        offered(&offline, &[&words[..2], &db, &words[2..]].concat()),
        stored,
        "the file cannot be read"
    );
}

#[test]
fn profiles_come_from_the_configuration_file() {
    let offline = database();
    let file = "db = 'nowhere.db'\n[profile.ci]\ndb = 'app.db'\n[profile.'on call']\n";
    std::fs::write(offline.folder().join("synctool.toml"), file).unwrap();
    for words in [&["synctool", "cloneup", "--profile", ""][..], &["synctool", "verify", "--profile", "c"]] {
        let expected = ["ci", "on call"].into_iter().filter(|name| name.starts_with(words[3]));
        assert_eq!(offered(&offline, words), expected.collect::<Vec<_>>(), "{words:?}");
    }
    assert_eq!(offered(&offline, &["synctool", "--profile", "o"]), ["on call"]);
    assert_eq!(offered(&offline, &["synctool", "cloneup", "--profile", "ci", "--resources", "ta"]), ["tags"]);
    #[cfg(unix)]
    {
        let lines = ["synctool cloneup --profile on\t--dry\t"];
        let completed = in_bash(&offline, "source <(synctool completions bash)", &lines);
        assert_eq!(completed, [["cloneup", "--profile", "on call", "--dry-run"]]);
    }
}

#[test]
fn completions_of_a_shell_need_no_valid_configuration() {
    let offline = database();
    std::fs::write(offline.folder().join("synctool.toml"), "bach-size = 5").unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = synctool(&offline).args(["completions", shell]).output().unwrap();
        assert_eq!((status(&output), stderr(&output).as_str()), (0, ""), "{shell}");
        let asks = String::from_utf8(output.stdout).unwrap().contains("SYNCTOOL_COMPLETE");
        assert_eq!(asks, shell != "powershell", "{shell}");
    }
    let output = synctool(&offline).env("SYNCTOOL_COMPLETE", "tcsh").output().unwrap();
    assert_eq!(status(&output), 2);
}
