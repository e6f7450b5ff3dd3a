//! Reports and metrics that cannot be written: told at once and at the end, with an exit status of its own. A
//! report in an unknown form is refused before anything is sent.

use serde_json::json;

use super::super::common::{Answer, Scripted, cloneup, database, errors_of, result, status, stderr};
use super::written;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_an_unknown_form_is_refused_before_anything_is_sent() {
    let (offline, server) = (database(), Scripted::start().await);
    for (path, more) in [("r.pdf", &[][..]), ("report", &[]), ("/dev/null", &[]), ("r.pdf", &["--dry-run"])] {
        let output = cloneup(&offline, server.base(), &[&["--report", path], more].concat()).await;
        assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "report"), "{path}");
        let expected = format!("error: --report must end in .html or .md, not `{path}`");
        assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
    }
    assert!(server.requests().is_empty());
    assert!(!offline.folder().join("r.pdf").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_told_at_once_and_has_an_exit_status() {
    let (offline, server) = (database(), Scripted::start().await);
    std::fs::create_dir(offline.folder().join("folder.html")).unwrap();
    for (flag, path, what) in [
        ("--report", "no/such/r.html", "report"),
        ("--report", "folder.html", "report"),
        ("--metrics-file", "no/such/m.prom", "metrics file"),
    ] {
        let output = cloneup(&offline, server.base(), &[flag, path]).await;
        assert_eq!((status(&output), &result(&output)["ok"]), (5, &json!(true)), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.starts_with(&format!("warning: the {what} cannot be written: ")), "{said}");
        assert!(said.contains(&format!("\nerror: the {what} could not be written: ")), "{said}");
        let output = cloneup(&offline, server.base(), &[flag, path, "--quiet"]).await;
        assert!(stderr(&output).starts_with(&format!("error: the {what} could not be written: ")));
    }
    // A run that fails has the status of its failure.
    server.script("push", [Answer::Raw(401, Vec::new(), Vec::new())]);
    let output = cloneup(&offline, server.base(), &["--report", "no/such/r.html", "--no-resume"]).await;
    assert_eq!(status(&output), 4, "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_the_files_of_the_run_before() {
    let (offline, server) = (database(), Scripted::start().await);
    for name in ["r.html", "m.prom"] {
        std::os::unix::fs::symlink("/dev/full", offline.folder().join(name)).unwrap();
    }
    let output = cloneup(&offline, server.base(), &["--report", "r.html", "--metrics-file", "m.prom"]).await;
    assert_eq!((status(&output), &result(&output)["ok"]), (5, &json!(true)), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("error: the report could not be written: No space left on device"), "{said}");
    assert!(said.contains("error: the metrics file could not be written: No space left on device"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_an_earlier_run_are_replaced_and_nothing_is_left_beside_them() {
    let (offline, server) = (database(), Scripted::start().await);
    for name in ["r.md", "m.prom"] {
        std::fs::write(offline.folder().join(name), "of before, ".repeat(10_000)).unwrap();
    }
    let output = cloneup(&offline, server.base(), &["--report", "r.md", "--metrics-file", "m.prom"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(
        !written(&offline, "r.md").contains("of before")
            && !written(&offline, "m.prom").contains("of before")
    );
    let mut names: Vec<_> = std::fs::read_dir(offline.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["app.db", "m.prom", "r.md"]);
}
