//! A run says whether it waits for the server or is busy itself. Not the words on stderr, which
//! are tested beside the progress display.

use std::sync::Mutex;

use synctool::cloneup::{Activity, Event};

use super::common::Rig;

#[tokio::test]
async fn the_observer_gets_events_when_the_run_is_busy_and_when_it_waits_for_the_server() {
    let schema = r#"{"resources": [{"name": "tags"}]}"#;
    let mut rig =
        Rig::with(schema, "CREATE TABLE tags (id TEXT); INSERT INTO tags VALUES ('a'), ('b')").await;
    rig.options.verify = true;
    let activities = Mutex::new(Vec::new());
    rig.run_and(|event| {
        if let Event::Activity(activity) = event {
            activities.lock().unwrap().push(*activity);
        }
    })
    .await;
    let mut activities = activities.into_inner().unwrap();
    activities.dedup();
    // The encoder may end before or after the last answer.
    if activities.get(3) == Some(&Activity::Preparing { part: 0 }) {
        activities.remove(3);
        activities.dedup();
    }
    let expected = [
        Activity::Checking,
        Activity::Preparing { part: 0 },
        Activity::AwaitingAnswers,
        Activity::WritingChanges,
        Activity::AwaitingAnswers,
        Activity::Comparing,
    ];
    assert_eq!(activities, expected);
}

#[tokio::test]
async fn the_observer_gets_how_far_checks_and_comparison_are() {
    let schema = r#"{"resources": [{"name": "tags"}, {"name": "todos"}]}"#;
    let mut rig = Rig::with(
        schema,
        "CREATE TABLE tags (id TEXT); INSERT INTO tags VALUES ('a'), ('b'); CREATE TABLE todos (id TEXT);
         INSERT INTO todos VALUES ('c')",
    )
    .await;
    rig.options.verify = true;
    let seen = Mutex::new(Vec::new());
    rig.run_and(|event| {
        let text = match event {
            Event::Checking { name, checked, tables, rows, .. } => {
                format!("checking {name}: {checked} of {tables} tables, {rows} rows")
            }
            Event::Verifying => "verifying".to_owned(),
            Event::Compared { rows, total, .. } => format!("compared {rows} of {total}"),
            _ => return,
        };
        seen.lock().unwrap().push(text);
    })
    .await;
    // A report may be replaced by the next one before the observer gets it.
    let seen = seen.into_inner().unwrap();
    assert!(seen.contains(&"checking todos: 1 of 2 tables, 2 rows".to_owned()), "{seen:?}");
    assert!(seen.contains(&"verifying".to_owned()), "{seen:?}");
    assert_eq!(seen.last().unwrap(), "compared 3 of 3");
}
