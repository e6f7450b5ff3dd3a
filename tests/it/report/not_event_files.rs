//! Files that are no event files are refused by their names and lines.

use serde_json::json;

use super::super::common::{Offline, status, stderr, synctool};
use super::event_file::succeeded;
use super::report_of;

#[test]
fn a_file_that_is_no_event_file_is_named_with_its_line() {
    let events = succeeded().text;
    let third_is_wrong: String = events
        .lines()
        .take(2)
        .chain(["warning: no event"])
        .chain(events.lines())
        .map(|line| format!("{line}\n"))
        .collect();
    for (text, expected) in [
        (
            json!({"ok": true, "errors": []}).to_string(),
            "2.ndjson: line 1: it is not an event of synctool: missing field `type`",
        ),
        ("# Notes\n".to_owned(), "2.ndjson: line 1: it is not an event of synctool: expected value"),
        (third_is_wrong, "2.ndjson: line 3: it is not an event of synctool: expected value"),
        (String::new(), "2.ndjson: it is empty: the run has written no event"),
        (events.replace("cloneup", "clone"), "2.ndjson: line 1: it is an event of `clone`"),
    ] {
        let output = report_of(&[events.clone(), text], &[]);
        assert_eq!((status(&output), output.stdout.len()), (2, 0));
        assert!(
            stderr(&output).starts_with(&format!("error: {expected}")),
            "{expected}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn every_file_that_cannot_be_read_is_named() {
    let offline = Offline::new("CREATE TABLE a (b)");
    std::fs::write(offline.folder().join("good.ndjson"), succeeded().text).unwrap();
    let mut command = synctool(&offline);
    let output = command.args(["report", "none.ndjson", "good.ndjson", "app.db", "."]).output().unwrap();
    assert_eq!((status(&output), output.stdout.len()), (2, 0));
    for expected in
        ["none.ndjson: it cannot be read: ", "app.db: line 1: it is not ", ".: it cannot be read: "]
    {
        assert!(stderr(&output).contains(&format!("error: {expected}")), "{}", stderr(&output));
    }
    assert_eq!(status(&synctool(&offline).arg("report").output().unwrap()), 2, "no file");
}
