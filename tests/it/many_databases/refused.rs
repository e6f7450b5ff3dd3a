//! Options that make no sense for several databases, and results of several databases where one is wanted.

use super::super::common::{Scripted, errors_of, program, result, status, stderr};
use super::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn options_for_one_database_are_refused_before_anything_is_sent() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), Scripted::start().await);
    for (arguments, path, message) in [
        (&["--verify"][..], "verify", "the records of the other databases would be differences"),
        (&["--report", "r.html"], "report", "`synctool report` makes a report of the --events of several"),
        (&["--metrics-file", "m.prom"], "metricsFile", "metricsFile tells of one database"),
        (&["--jobs", "0"], "jobs", "jobs must be a positive integer"),
        (&["--jobs", "two"], "jobs", "jobs must be a positive integer"),
    ] {
        for extra in [&[][..], &["--dry-run"]] {
            let output = folder.run(server.base(), &[&["--db", "*.db"], arguments, extra].concat()).await;
            let errors = errors_of(&output);
            assert_eq!((status(&output), errors.len()), (2, 1), "{errors:?}");
            assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", path));
            assert!(errors[0].1.contains(message), "{errors:?}");
            assert!(stderr(&output).contains(&format!("error: {}", arguments[0])), "{}", stderr(&output));
        }
    }
    let output = folder.run(server.base(), &["--db", "a.db", "--jobs", "0"]).await;
    assert_eq!((status(&output), errors_of(&output)[0].2.as_str()), (2, "jobs"), "of one database too");
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_several_databases_is_no_part_of_one_upload() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), Scripted::start().await);
    let output = folder.run(server.base(), &["--db", "*.db", "--shard", "1/1"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(result(&output)["databases"][0]["shard"]["of"], 1);
    std::fs::write(folder.path().join("several.json"), &output.stdout).unwrap();
    let merged = program(folder.path()).args(["merge-results", "several.json"]).output().unwrap();
    assert_eq!(status(&merged), 2);
    assert!(stderr(&merged).contains("several databases"), "{}", stderr(&merged));
}
