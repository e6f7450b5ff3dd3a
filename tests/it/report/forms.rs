//! The golden files of reports, in both forms. Each is a pure function of its events.

use serde_json::json;

use super::super::common::{Offline, status, stderr, synctool};
use super::event_file::{EventFile, begun, options, parts, rejected, resumed, succeeded};
use super::{report, report_of};

#[test]
fn the_page_of_a_run_that_succeeded() {
    insta::assert_snapshot!(report(&[succeeded().text], "html"));
}

#[test]
fn the_tables_of_a_run_that_succeeded() {
    insta::assert_snapshot!(report(&[succeeded().text], "md"));
}

#[test]
fn the_tables_of_a_run_with_rejected_mutations() {
    insta::assert_snapshot!(report(&[rejected().text], "md"));
}

#[test]
fn the_page_of_a_run_with_rejected_mutations() {
    insta::assert_snapshot!(report(&[rejected().text], "html"));
}

#[test]
fn the_tables_of_a_run_that_resumed_and_failed() {
    insta::assert_snapshot!(report(&[resumed().text], "md"));
}

#[test]
fn the_tables_of_a_run_that_failed_in_its_plan() {
    let error = json!({"mutationId": "", "code": "DFQL_INVALID", "path": "records[17].id",
        "message": "Invalid cloneUp: record id must be a string"});
    insta::assert_snapshot!(report(&[EventFile::empty().failed(&json!([error])).text], "md"));
}

#[test]
fn the_tables_of_shards() {
    let shard = |index: u32| {
        let file = EventFile::of_shard(index, 3).after(u64::from(index) * 500);
        let file = file.with_start(&json!([{"kind": "records", "name": "todos", "rows": 300}]), &options());
        let counts = json!({"total": 300});
        let file = file.progress("todos", 0, 0, &counts).after(1000).progress("todos", 300, 300, &counts);
        let stats = json!({"resources": {"todos": {"records": 300, "mutations": 300}}, "joinStores": {}, "batches": 6});
        if index == 2 { file.failed(&json!([])) } else { file.applied(&stats) }
    };
    insta::assert_snapshot!(report(&[1, 2, 3].map(|index| shard(index).text), "md"));
}

#[test]
fn a_run_that_sends_only_changes_says_what_is_unchanged() {
    let mut parts = parts();
    parts[1]["unchanged"] = 2400.into();
    parts[3] = json!({"kind": "extra", "name": "extra", "rows": 1});
    let file = EventFile::started(&parts, &options()).progress("projects", 0, 0, &json!({}));
    let file = file.after(1000).progress("extra", 1, 1000, &json!({"unchanged": 2400}));
    let stats = json!({"resources": {"projects": {"records": 100, "mutations": 100},
        "todos": {"records": 3000, "mutations": 600, "unchanged": 2400}}, "joinStores": {}, "batches": 20,
        "deletes": {"mutations": 1}});
    let tables = report(&[file.applied(&stats).text], "md");
    for expected in [
        "| Name | Kind | Rows | Answered | Unchanged |",
        "| `todos` | records | 600 | 600 | 2,400 |",
        "| `extra` | removed | 1 | 1 | 0 |",
        "| Rejected | Unchanged | Duration |",
    ] {
        assert!(tables.contains(expected), "{expected}: {tables}");
    }
}

#[test]
fn a_run_that_was_killed_says_so() {
    let whole = begun().text;
    let half_a_line = &whole[..whole.len() - 100];
    for (text, expected) in [
        (whole.as_str(), "The events have no end: the run was killed, or is still going on."),
        (half_a_line, "The last line of the event file is cut off: the run was killed"),
    ] {
        let tables = report(&[text.to_owned()], "md");
        assert!(tables.starts_with("## ⚠️ No end: the events stop after "), "{tables}");
        assert!(tables.contains(expected), "{tables}");
        assert!(report(&[text.to_owned()], "html").contains(expected));
    }
}

#[test]
fn an_interrupted_run_says_how_far_it_came() {
    let error =
        json!({"mutationId": "", "code": "CANCELLED", "path": "$", "message": "the run was interrupted"});
    let tables = report(&[begun().failed(&json!([error])).text], "md");
    assert!(tables.starts_with("## ⚠️ Interrupted after 650 of 1,000 rows\n"), "{tables}");
    assert!(tables.contains("The same command finishes the upload."), "{tables}");
}

#[test]
fn events_of_an_earlier_version_lack_the_times_and_have_a_report() {
    let mut text = String::new();
    for line in succeeded().text.lines() {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        let context = event["context"].as_object_mut().unwrap();
        context.remove("startedMs");
        context.remove("interval");
        if let Some(run) = context.get_mut("run") {
            run.as_object_mut().unwrap().remove("sendingMs");
        }
        text.extend([event.to_string().as_str(), "\n"]);
    }
    let page = report(&[text], "html");
    assert!(page.contains("Uploaded 1,000 rows") && page.contains("Rows a second"), "{page}");
    assert!(!page.contains("Latency of requests"), "{page}");
}

#[test]
fn the_form_follows_from_the_file_and_can_be_named() {
    let offline = Offline::new("");
    std::fs::write(offline.folder().join("e.ndjson"), succeeded().text).unwrap();
    let run = |arguments: &[&str]| synctool(&offline).arg("report").args(arguments).output().unwrap();
    let page = report(&[succeeded().text], "html");
    for (arguments, file) in [
        (&["e.ndjson", "-o", "a.html"][..], "a.html"),
        (&["e.ndjson", "--out", "b.txt", "--format", "html"], "b.txt"),
    ] {
        let output = run(arguments);
        assert_eq!((status(&output), output.stdout.len()), (0, 0), "{}", stderr(&output));
        assert_eq!(super::written(&offline, file), page);
    }
    assert_eq!(String::from_utf8(run(&["e.ndjson"]).stdout).unwrap(), page, "a pipe gets HTML");
    let output = run(&["e.ndjson", "-o", "a.pdf"]);
    assert_eq!(status(&output), 2);
    assert_eq!(stderr(&output), "error: --out must end in .html or .md, not `a.pdf` (out)\n");
    let mut from_stdin = synctool(&offline);
    let output = from_stdin.args(["report", "-"]).write_stdin(succeeded().text).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page);
}

#[test]
fn the_events_of_several_databases_in_one_file_are_several_runs() {
    let of = |database: &str| {
        let mut text = String::new();
        for line in succeeded().text.lines() {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["context"]["db"] = database.into();
            text.extend([event.to_string().as_str(), "\n"]);
        }
        text
    };
    let (first, second) = (of("a.db"), of("b.db"));
    let lines: String = first.lines().zip(second.lines()).map(|(a, b)| format!("{a}\n{b}\n")).collect();
    let tables = report(&[lines], "md");
    assert!(tables.starts_with("## ✅ Uploaded 2,000 rows in 2 runs\n"), "{tables}");
    assert!(tables.contains("| `1.ndjson, a.db` |") && tables.contains("### `1.ndjson, b.db`"), "{tables}");
}

#[test]
fn a_report_of_any_end_exits_with_0() {
    let unplanned = EventFile::started(&parts(), &options()).text;
    for text in [succeeded().text, rejected().text, resumed().text, unplanned] {
        assert_eq!(status(&report_of(&[text], &[])), 0);
    }
}
