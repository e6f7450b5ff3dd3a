//! What the application changes while an upload runs is neither overwritten nor removed.

use std::sync::Arc;

use serde_json::json;
use synctool::cloneup::Event;

use crate::common::{Answer, Offline, Rig, upsert};

const LOG: &str =
    "CREATE TABLE __datafn_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT, clientId TEXT NOT NULL,
    mutationId TEXT NOT NULL, mutation TEXT NOT NULL, timestampMs INTEGER NOT NULL);";

fn log(id: &str) -> String {
    let mutation = json!({"resource": "tags", "operation": "merge", "id": id, "record": {"label": "later"}});
    format!(
        "INSERT INTO __datafn_changelog (clientId, mutationId, mutation, timestampMs) VALUES ('C', '{id}', '{mutation}', 0);"
    )
}

#[tokio::test]
async fn records_with_a_later_entry_in_the_change_log_are_left_to_the_application() {
    let mut rig =
        Rig::new(&format!("{LOG} INSERT INTO tags VALUES ('a', 'A'), ('b', 'B'), ('c', 'C')")).await;
    rig.options.overwrite = true;
    rig.options.delete_extra = true;
    rig.options.pull_after = false;
    let changes = json!([
        upsert(1, "tags", "a", &json!({"label": "theirs"})),
        upsert(2, "tags", "b", &json!({"label": "theirs"})),
        upsert(3, "tags", "extra", &json!({"label": "x"})),
        upsert(4, "tags", "mine", &json!({"label": "x"})),
    ]);
    rig.server.script("pull", [Answer::Json(200, json!({"changes": changes, "nextCursor": null}))]);
    let offline = Arc::new(rig.offline.path());
    let outcome = rig
        .run_and(move |event| {
            // After the snapshot, before the first request.
            if matches!(event, Event::Planned { .. }) {
                let sql = format!("{} {} INSERT INTO tags VALUES ('mine', 'later')", log("b"), log("mine"));
                rusqlite::Connection::open(&*offline).unwrap().execute_batch(&sql).unwrap();
            }
        })
        .await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(rig.server.subjects(), ["tags/a", "tags/c", "tags/extra"]);
    assert!(rig.warnings.iter().any(|warning| warning.starts_with("2 rows were neither sent nor removed")));
    let (_, stats) = &outcome.stats.resources[0];
    assert_eq!((stats.records, stats.mutations, stats.unchanged), (3, 2, Some(0)));
    let logged = |offline: &Offline| offline.logged();
    assert_eq!(logged(&rig.offline), ["b", "mine"], "the entries stay");
}
