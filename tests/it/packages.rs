//! How synctool is built, shipped and installed: the container file, the workflows and the action are valid, and
//! their commands do what they are there for. Not the packages themselves, which `.ci/try-packages` installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use super::common::{
    SCHEMA, ServeProcess, TestServer, assert_is_accepted, clone, database, remove_settings, status, stderr,
};

/// A file of the repository.
fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap()
}

/// What `key = "…"` is in Cargo.toml.
fn of_cargo(key: &str) -> String {
    let text = text("Cargo.toml");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
    line.unwrap().trim_end_matches('"').to_owned()
}

#[test]
fn manifests_match_the_published_schemas() {
    for (name, schema) in [
        ("compose.yaml", "vendor.compose-spec"),
        ("action.yml", "vendor.github-actions"),
        (".github/workflows/ci.yml", "vendor.github-workflows"),
        (".github/workflows/release.yml", "vendor.github-workflows"),
    ] {
        yaml(name);
        assert_is_accepted(&["check-jsonschema", "--builtin-schema", schema], ".yaml", &text(name));
    }
    assert_is_accepted(&["hadolint"], "", &text("Containerfile"));
}

#[test]
fn scripts_know_the_version_and_what_is_new_in_it() {
    let script = |name: &str, arguments: &[&str]| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci").join(name);
        Command::new(path).args(arguments).output().unwrap()
    };
    let version = script("version", &[]);
    assert_eq!((status(&version), &*version.stdout), (0, format!("{}\n", of_cargo("version")).as_bytes()));
    let notes = script("release-notes", &[&of_cargo("version")]);
    let notes = (status(&notes), String::from_utf8(notes.stdout).unwrap());
    assert!(notes.0 == 0 && notes.1.contains("### ") && !notes.1.contains("\n## "), "{notes:?}");
    // Neither a part of a version nor its dots as a pattern.
    for other in ["0.0", "1.0", "1x0.0", "11.0.0"] {
        let none = script("release-notes", &[other]);
        assert_eq!((status(&none), &*none.stdout), (1, &b""[..]), "{other}");
    }
}

#[test]
fn images_have_the_toolchain_that_cargo_toml_asks_for() {
    let image = format!("rust:{}", of_cargo("rust-version"));
    assert!(text("Containerfile").contains(&format!("FROM {image}-")), "{image}");
    let ci = yaml(".github/workflows/ci.yml");
    assert_eq!(ci["jobs"]["linux"]["container"], format!("{image}-bookworm"));
}

/// The words of an instruction of the container file, which may go over several lines.
fn instruction(name: &str) -> String {
    let joined = text("Containerfile").replace("\\\n", " ");
    let line = joined.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line[name.len()..].trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_container_is_healthy_while_the_server_answers() {
    // What the image sets is what the server reads, and a server without a token does not start with it.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.json"), SCHEMA).unwrap();
    let mut command = Command::new(cargo_bin("synctool"));
    remove_settings(&mut command);
    for setting in instruction("ENV").replace("=/schema", "=schema").split(' ') {
        let (name, value) = setting.split_once('=').unwrap();
        command.env(name, value);
    }
    let arguments: Vec<String> = serde_json::from_str(&instruction("CMD")).unwrap();
    let refused = command.args(&arguments).current_dir(folder.path()).output().unwrap();
    assert_eq!(status(&refused), 2);
    assert!(stderr(&refused).contains("SYNCTOOL_TOKEN"), "{}", stderr(&refused));

    let server = ServeProcess::start(folder.path(), &[], None).await;
    let port = server.base().split(&[':', '/'][..]).nth(4).unwrap().to_owned();
    let health = instruction("HEALTHCHECK");
    let health = health.split_once(" CMD ").unwrap().1;
    let words: Vec<String> = serde_json::from_str(&health.replace("/4400", &format!("/{port}"))).unwrap();
    let check = || Command::new(&words[0]).args(&words[1..]).output().unwrap();
    let healthy = check();
    assert_eq!(status(&healthy), 0, "{}", stderr(&healthy));
    drop(server);
    assert_ne!(status(&check()), 0);
}

/// A release in a folder, as `.ci/package` and the release workflow make it.
fn release(folder: &Path) {
    let (version, target) = (of_cargo("version"), "x86_64-unknown-linux-gnu");
    let name = format!("synctool-{version}-{target}");
    let releases = folder.join(format!("v{version}"));
    std::fs::create_dir_all(releases.join(&name)).unwrap();
    std::fs::copy(cargo_bin("synctool"), releases.join(&name).join("synctool")).unwrap();
    let script = format!("tar -czf {name}.tar.gz {name} && rm -r {name} && sha256sum -- * > SHA256SUMS");
    let made = Command::new("bash").args(["-c", &script]).current_dir(&releases).output().unwrap();
    assert_eq!(status(&made), 0, "{}", stderr(&made));
}

/// The runner of a job: a folder for its files, and the steps of the action.
struct Runner {
    home: PathBuf,
    releases: PathBuf,
    steps: Value,
}

impl Runner {
    fn new(home: &Path, releases: &Path) -> Self {
        let steps = yaml("action.yml")["runs"]["steps"].clone();
        Self { home: home.to_owned(), releases: releases.to_owned(), steps }
    }

    /// Runs a step, with the inputs in the variables that it has for them.
    fn step(&self, number: usize, inputs: &[(&str, &str)]) -> Output {
        let step = &self.steps[number];
        let mut command = self.bash(step["run"].as_str().unwrap());
        for (name, value) in step["env"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            let input = inputs.iter().find(|(input, _)| value == format!("${{{{ inputs.{input} }}}}"));
            command.env(name, input.map_or("", |(_, value)| value));
        }
        let temporary = self.home.join("temporary");
        std::fs::create_dir_all(&temporary).unwrap();
        command.env("RELEASES", format!("file://{}", self.releases.display()));
        command.env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR")).env("RUNNER_TEMP", temporary);
        command.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64");
        for (name, file) in
            [("GITHUB_PATH", "path"), ("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "summary")]
        {
            command.env(name, self.home.join(file));
        }
        command.output().unwrap()
    }

    /// Runs a line of a script with what was installed.
    fn run(&self, line: &str, base: &str) -> Output {
        self.bash(line).env("SYNCTOOL_REMOTE", base).output().unwrap()
    }

    fn bash(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        remove_settings(&mut command);
        let added = std::fs::read_to_string(self.home.join("path")).unwrap_or_default();
        let path = format!("{}:{}", added.trim(), std::env::var("PATH").unwrap());
        command.args(["-c", script]).current_dir(&self.home).env("PATH", path);
        command
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.join(name)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_installs_a_release_uploads_and_reports_in_the_job_summary() {
    let (offline, releases) = (database(), tempfile::tempdir().unwrap());
    let server = TestServer::start(SCHEMA).await;
    release(releases.path());
    let runner = Runner::new(offline.folder(), releases.path());
    let installed = runner.step(0, &[("version", "")]);
    assert_eq!(status(&installed), 0, "{}", stderr(&installed));
    std::fs::rename(offline.path(), offline.folder().join("my app.db")).unwrap();
    let inputs = [("args", "--db 'my app.db' --batch-size 1"), ("remote", server.base()), ("token", "")];
    for _ in 0..2 {
        let uploaded = tokio::task::block_in_place(|| runner.step(1, &inputs));
        assert_eq!(status(&uploaded), 0, "{}", stderr(&uploaded));
    }
    let output = runner.read("output");
    let result: Value =
        serde_json::from_str(output.lines().last().unwrap().strip_prefix("result=").unwrap()).unwrap();
    assert_eq!(result["stats"]["resources"]["tags"]["records"], 2, "{result}");
    let summary = runner.read("summary");
    assert_eq!(summary.matches("| `tags` |").count(), 2, "{summary}");

    // The summary is there, and the job fails, where the upload does.
    let inputs = [("args", "--db 'my app.db' --max-retries 0"), ("remote", "http://127.0.0.1:1/datafn")];
    let failed = tokio::task::block_in_place(|| runner.step(1, &inputs));
    assert_eq!(status(&failed), 4, "{}", stderr(&failed));
    assert!(runner.read("summary").contains("TRANSPORT_ERROR"), "{}", runner.read("summary"));
}

#[test]
fn the_action_does_not_install_what_has_another_checksum() {
    let (home, releases) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    release(releases.path());
    let sums = releases.path().join(format!("v{}/SHA256SUMS", of_cargo("version")));
    let right = std::fs::read_to_string(&sums).unwrap();
    let other = if right.starts_with('0') { "1" } else { "0" };
    std::fs::write(&sums, format!("{other}{}", &right[1..])).unwrap();
    let refused = Runner::new(home.path(), releases.path()).step(0, &[("version", "")]);
    assert_eq!(status(&refused), 1);
    assert!(String::from_utf8_lossy(&refused.stdout).contains("::error::"), "{}", stderr(&refused));
    assert!(!home.path().join("path").exists());
}

/// The blocks of YAML of a page, each as the steps that it runs: the action's inputs with the environment, or the
/// lines of a script.
fn recipes(page: &str) -> Vec<Vec<Value>> {
    let page = text(page);
    let blocks = page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let steps = |block: &str| {
        let block: Value = serde_saphyr::from_str(block).unwrap();
        let jobs = block["jobs"].as_object().or_else(|| block.as_object()).unwrap().clone();
        let steps = block["steps"].as_array().cloned().unwrap_or_default();
        let of_jobs = jobs.values().flat_map(|job| {
            let steps = job["steps"].as_array().cloned().unwrap_or_default();
            let script = job["script"].as_array().cloned().unwrap_or_default();
            steps.into_iter().chain(script.into_iter().map(|line| serde_json::json!({"run": line})))
        });
        steps.into_iter().chain(of_jobs).collect()
    };
    blocks.map(steps).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recipes_of_the_readme_and_the_guide_upload_in_a_repository_of_their_user() {
    let releases = tempfile::tempdir().unwrap();
    release(releases.path());
    for page in ["README.md", "docs/ci.md"] {
        for steps in recipes(page) {
            let (offline, server) = (database(), TestServer::start(SCHEMA).await);
            std::fs::copy(offline.path(), offline.folder().join("seed.db")).unwrap();
            std::fs::write(offline.folder().join("schema.json"), SCHEMA).unwrap();
            let client = concat!(include_str!("tls/client.pem"), include_str!("tls/client-key.pem"));
            std::fs::write(offline.folder().join("client.pem"), client).unwrap();
            let runner = Runner::new(offline.folder(), releases.path());
            let installed = runner.step(0, &[("version", "")]);
            assert_eq!(status(&installed), 0, "{}", stderr(&installed));
            let mut uploads = 0;
            for step in &steps {
                let output = if step["uses"].as_str().is_some_and(|name| name.starts_with("synctool/")) {
                    let args = step["with"]["args"].as_str().unwrap();
                    let inputs = [("args", args), ("remote", server.base()), ("token", "")];
                    tokio::task::block_in_place(|| runner.step(1, &inputs))
                } else if let Some(run) = step["run"].as_str().filter(|run| run.starts_with("synctool ")) {
                    tokio::task::block_in_place(|| runner.run(run, server.base()))
                } else {
                    continue;
                };
                assert_eq!(status(&output), 0, "{page}: {step}: {}", stderr(&output));
                uploads += 1;
            }
            assert!(uploads > 0, "{page}: {steps:?}");
            assert_eq!(
                clone(&server).await["data"]["tags"].as_array().unwrap().len(),
                2,
                "{page}: {steps:?}"
            );
        }
    }
}
