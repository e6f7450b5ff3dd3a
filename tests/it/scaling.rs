//! The manifests of `docs/scaling.md`: each is well-formed, and its command lines, run as its job system
//! would run them, upload a whole database. Not the other commands of the page (`docs`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use serde_json::{Value, json};

use super::common::{
    MIXED_ROWS, Offline, SCHEMA, TestServer, assert_is_accepted, database, remove_settings, status, stderr,
    synctool,
};

/// The server in the manifests.
const EXAMPLE: &str = "https://sync.example.org/datafn";

/// The blocks of a section in a language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scaling.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (_, after) = text.split_once(&format!("\n## {section}\n")).unwrap();
    let section = after.split("\n## ").next().unwrap();
    let begin = format!("```{language}\n");
    section.split(&begin).skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// The manifests of a section.
fn manifests<const N: usize>(section: &str) -> [Value; N] {
    let parsed = blocks(section, "yaml").iter().map(|text| serde_saphyr::from_str(text).unwrap()).collect();
    let parsed: Vec<Value> = parsed;
    parsed.try_into().unwrap()
}

/// A database, and the server that it is uploaded to.
struct Site {
    offline: Offline,
    server: TestServer,
}

impl Site {
    async fn new() -> Self {
        let offline = database();
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
            INSERT INTO tags SELECT 'tag' || i, 'T' || i FROM n";
        offline.execute(&format!("DELETE FROM tags; {MIXED_ROWS}; {rows}"));
        offline.log("C", "m1", r#"{"resource":"tags","operation":"delete","id":"gone"}"#);
        Self { offline, server: TestServer::start(SCHEMA).await }
    }

    /// A copy of the database in a folder of its own, as a job has it that checks out the repository.
    fn checkout(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.offline.path(), folder.path().join("app.db")).unwrap();
        folder
    }

    /// Starts a program with the binary on its path; `variables` are those of the manifest.
    fn start(&self, folder: &Path, arguments: &[&str], variables: &Variables) -> Child {
        let mut command = Command::new(arguments[0]);
        remove_settings(&mut command);
        let (own, usual) = (cargo_bin("synctool"), std::env::var_os("PATH").unwrap());
        let path = [own.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&usual));
        command.args(&arguments[1..]).current_dir(folder).env("PATH", std::env::join_paths(path).unwrap());
        for (name, value) in variables {
            command.env(name, value.replace(EXAMPLE, self.server.base()));
        }
        command.env("SYNCTOOL_REMOTE", self.server.base()).env("SYNCTOOL_BATCH_SIZE", "5");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Everything has arrived, and nothing of the upload is left beside the database.
    fn assert_uploaded(&self, is_finalized: bool) {
        let remote = ["--remote", self.server.base()];
        let output =
            synctool(&self.offline).args(["verify", "--db", "app.db"]).args(remote).output().unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(self.offline.logged().is_empty(), is_finalized);
        assert_eq!(self.offline.cursor("__global_cursor__").is_some(), is_finalized);
        let entries = std::fs::read_dir(self.offline.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<_> = names.filter(|name| name.starts_with("app.db.")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

type Variables = BTreeMap<String, String>;

/// The variables in an object of a manifest, but those from secrets.
fn variables(object: &Value) -> Variables {
    let object = object.as_object().into_iter().flatten();
    let texts = object.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    texts.filter(|(_, value)| !value.contains("secrets.")).collect()
}

fn with(variables: &Variables, more: &[(&str, u64)]) -> Variables {
    let mut variables = variables.clone();
    variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())));
    variables
}

/// Waits for all of them; each must succeed.
fn succeed(children: Vec<Child>) {
    for child in children {
        let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
        assert_eq!(status(&output), 0, "{}", stderr(&output));
    }
}

fn bash(script: &str) -> [&str; 5] {
    ["bash", "-euo", "pipefail", "-c", script]
}

fn copy_all(names: impl Iterator<Item = PathBuf>, target: &Path) {
    for name in names {
        std::fs::copy(&name, target.join(name.file_name().unwrap())).unwrap();
    }
}

/// The files of a folder that a pattern such as `result-*.json` names.
fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let (begin, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_meant = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begin) && name.ends_with(end)
    };
    entries.filter(is_meant).collect()
}

/// The container of a Job.
fn container(job: &Value) -> &Value {
    &job["spec"]["template"]["spec"]["containers"][0]
}

/// Starts the container of a Job in the folder that its volume is.
fn start_container(site: &Site, job: &Value, more: &[(&str, u64)]) -> Child {
    let container = container(job);
    let command: Vec<_> =
        container["command"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
    let named = container["env"].as_array().unwrap().iter();
    let set = named.map(|entry| {
        (entry["name"].as_str().unwrap().to_owned(), entry["value"].as_str().unwrap().to_owned())
    });
    site.start(site.offline.folder(), &command, &with(&set.collect(), more))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kubernetes_jobs_upload_and_finalize() {
    let [shards, finalize] = manifests("Kubernetes");
    for job in [&shards, &finalize] {
        assert_eq!((&job["apiVersion"], &job["kind"]), (&json!("batch/v1"), &json!("Job")));
        let pod = &job["spec"]["template"]["spec"];
        assert_eq!(pod["restartPolicy"], "Never", "a pod failure policy needs it");
        assert_eq!(container(job)["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
        assert_eq!(container(job)["workingDir"], container(job)["volumeMounts"][0]["mountPath"]);
    }
    let spec = &shards["spec"];
    assert_eq!((&spec["completionMode"], &spec["completions"]), (&json!("Indexed"), &spec["parallelism"]));
    assert!(spec["backoffLimitPerIndex"].as_u64().unwrap() > 0);
    let rule = &spec["podFailurePolicy"]["rules"][0];
    let exit_codes = json!({"operator": "In", "values": [1, 2]});
    assert_eq!((&rule["action"], &rule["onExitCodes"]), (&json!("FailIndex"), &exit_codes));

    let site = Site::new().await;
    let count = spec["completions"].as_u64().unwrap();
    succeed(
        (0..count).map(|index| start_container(&site, &shards, &[("JOB_COMPLETION_INDEX", index)])).collect(),
    );
    succeed(vec![start_container(&site, &finalize, &[])]);
    site.assert_uploaded(true);
}

/// Runs the steps of a job of GitHub Actions in a checkout. `contexts` are the expressions in it;
/// artifacts are kept in a folder.
fn run_steps(site: &Site, job: &Value, variables: &Variables, contexts: &[(&str, String)], artifacts: &Path) {
    let folder = site.checkout();
    let evaluated = |text: &str| {
        let replace =
            |text: String, (name, value): &(&str, String)| text.replace(&format!("${{{{ {name} }}}}"), value);
        let text = contexts.iter().fold(text.to_owned(), replace);
        assert!(!text.contains("${{"), "{text}");
        text
    };
    for step in job["steps"].as_array().unwrap() {
        let action = step["uses"].as_str().map(|action| action.split('@').next().unwrap());
        match (action, step["run"].as_str()) {
            (None, Some(run)) => succeed(vec![site.start(folder.path(), &bash(&evaluated(run)), variables)]),
            (Some("actions/checkout"), _) => {}
            (Some("synctool/synctool"), _) => assert_eq!(step["with"]["install-only"], true),
            (Some("actions/upload-artifact"), _) => {
                let files = matching(folder.path(), &evaluated(step["with"]["path"].as_str().unwrap()));
                assert_eq!(files.len(), 1);
                copy_all(files.into_iter(), artifacts);
            }
            (Some("actions/download-artifact"), _) => {
                assert_eq!(step["with"]["merge-multiple"], true);
                copy_all(matching(artifacts, "").into_iter(), folder.path());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_github_workflow_uploads_from_checkouts() {
    let [workflow] = manifests("GitHub Actions");
    assert_eq!(workflow["on"], "workflow_dispatch");
    let jobs = &workflow["jobs"];
    assert_eq!(jobs["join-rows"]["needs"], "shard");
    let (site, artifacts) = (Site::new().await, tempfile::tempdir().unwrap());
    let variables = variables(&workflow["env"]);
    let matrix = jobs["shard"]["strategy"]["matrix"]["shard"].as_array().unwrap();
    for shard in matrix {
        let contexts =
            [("matrix.shard", shard.to_string()), ("strategy.job-total", matrix.len().to_string())];
        run_steps(&site, &jobs["shard"], &variables, &contexts, artifacts.path());
    }
    run_steps(&site, &jobs["join-rows"], &variables, &[], artifacts.path());
    site.assert_uploaded(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gitlab_pipeline_uploads_from_checkouts() {
    let [pipeline] = manifests("GitLab");
    let stages: Vec<_> =
        pipeline["stages"].as_array().unwrap().iter().map(|stage| stage.as_str().unwrap()).collect();
    assert!(stages.iter().all(|stage| pipeline[stage]["stage"] == **stage), "{stages:?}");
    let script = |job: &str| {
        let lines: Vec<_> =
            pipeline[job]["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        lines.join("\n")
    };
    let (site, artifacts) = (Site::new().await, tempfile::tempdir().unwrap());
    let variables = variables(&pipeline["variables"]);
    let (total, first) = (pipeline[stages[0]]["parallel"].as_u64().unwrap(), script(stages[0]));
    let jobs: Vec<_> = (1..=total).map(|index| (index, site.checkout())).collect();
    let start = |(index, folder): &(u64, tempfile::TempDir)| {
        let numbers = [("CI_NODE_INDEX", *index), ("CI_NODE_TOTAL", total)];
        site.start(folder.path(), &bash(&first), &with(&variables, &numbers))
    };
    succeed(jobs.iter().map(start).collect());
    let pattern = pipeline[stages[0]]["artifacts"]["paths"][0].as_str().unwrap();
    for (_, folder) in &jobs {
        copy_all(matching(folder.path(), pattern).into_iter(), artifacts.path());
    }
    let last = site.checkout();
    copy_all(matching(artifacts.path(), "").into_iter(), last.path());
    // Outside of a parallel job GitLab sets the number of jobs alone.
    let variables = with(&variables, &[("CI_NODE_TOTAL", 1)]);
    succeed(vec![site.start(last.path(), &bash(&script(stages[1])), &variables)]);
    site.assert_uploaded(false);
}

/// What `sbatch` does with the options of the page: runs the tasks of an array at the same time, prints the
/// number of the job, and starts a job after the one that it depends on.
const SBATCH: &str = r#"
sbatch() {
    local array='' wrap='' task pid pids=()
    while (($#)); do
        case $1 in
            --parsable) ;;
            --array=*) array=${1#*=} ;;
            --dependency=afterok:17) ;;
            --wrap) wrap=$2; shift ;;
            *) echo "sbatch: $1" >&2; return 1 ;;
        esac
        shift
    done
    if [[ -z $array ]]; then
        sh -c "$wrap" >&2
        return
    fi
    for ((task = ${array%-*}; task <= ${array#*-}; task++)); do
        SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN=${array%-*} SLURM_ARRAY_TASK_STEP=1 \
            SLURM_ARRAY_TASK_COUNT=$((${array#*-} - ${array%-*} + 1)) sh -c "$wrap" >&2 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    echo 17
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_slurm_jobs_upload_and_finalize() {
    let [script] = <[String; 1]>::try_from(blocks("Slurm", "bash")).unwrap();
    let site = Site::new().await;
    let script = format!("{SBATCH}{}", script.replace(EXAMPLE, site.server.base()));
    succeed(vec![site.start(site.offline.folder(), &bash(&script), &Variables::new())]);
    site.assert_uploaded(true);
}

#[test]
fn the_manifests_match_the_published_schemas() {
    let github = &["check-jsonschema", "--builtin-schema", "vendor.github-workflows"][..];
    let gitlab =
        ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"];
    let kubernetes = &["kubernetes-validate", "--strict"][..];
    let sections: [(&str, &[&str]); 4] = [
        ("Kubernetes", kubernetes),
        ("GitHub Actions", github),
        ("GitLab", &gitlab),
        ("Servers on Kubernetes", kubernetes),
    ];
    for (section, checker) in sections {
        for manifest in blocks(section, "yaml") {
            assert_is_accepted(checker, ".yaml", &manifest);
        }
    }
}
