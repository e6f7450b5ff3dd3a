//! Hostile answers are data: no panic, no hang, a documented exit, and a run that fails changes
//! neither database nor cursor nor change log. Not connections that fail (`transport`).

use serde_json::{Value, json};
use synctool::cloneup::FailureKind;

use super::common::{Answer, Rig, upsert};
#[cfg(target_os = "linux")]
use super::common::{Scripted, database, peak_memory, program, status};

const ROW: &str = "INSERT INTO tags VALUES ('g', 'mine')";

async fn rig() -> Rig {
    let mut rig = Rig::new(ROW).await;
    rig.max_retries(0);
    rig.offline.set_cursor("__global_cursor__", "5");
    rig.offline.log(
        "C",
        "m",
        r#"{"resource": "tags", "operation": "merge", "id": "g", "record": {"label": "mine"}}"#,
    );
    rig
}

fn raw(body: impl Into<Vec<u8>>) -> Answer {
    Answer::Raw(200, Vec::new(), body.into())
}

/// What only a successful run may change.
#[derive(Debug, PartialEq)]
struct State {
    records: Vec<Vec<String>>,
    cursor: Option<String>,
    logged: Vec<String>,
    tables: Vec<Vec<String>>,
}

impl State {
    fn of(rig: &Rig) -> Self {
        let offline = &rig.offline;
        Self {
            records: offline.rows("SELECT * FROM tags ORDER BY id"),
            cursor: offline.cursor("__global_cursor__"),
            logged: offline.logged(),
            tables: offline.rows("SELECT name, sql FROM sqlite_schema ORDER BY name"),
        }
    }
}

/// Asserts for each answer to a route that the run ends with a broken protocol and changes
/// nothing.
async fn ends_and_changes_nothing(route: &str, answers: impl IntoIterator<Item = (&'static str, Answer)>) {
    for (what, answer) in answers {
        let mut rig = rig().await;
        let before = State::of(&rig);
        rig.server.script(route, [answer]);
        let outcome = rig.run().await;
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote), "{what}: {outcome:?}");
        assert_eq!(State::of(&rig), before, "{what}");
    }
}

/// Answers that are malformed on any route.
fn broken() -> Vec<(&'static str, Answer)> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    vec![
        ("nothing", raw("")),
        ("no JSON", raw("<html>\u{1b}[2J</html>")),
        ("cut off", Answer::Cut),
        ("no end", Answer::Endless),
        ("nested arrays", raw(deep("[", "]"))),
        ("nested objects", raw(deep("{\"a\":", "}").replacen('}', "1}", 1))),
        ("a number for all of it", raw("7")),
        (
            "a huge number",
            raw(format!(
                "{{\"applied\":[],\"changes\":[],\"cursor\":{0},\"nextCursor\":{0}}}",
                "9".repeat(5000)
            )),
        ),
        ("no UTF-8", raw(b"{\"applied\":[\"\xff\"],\"changes\":[\"\xff\"]}".to_vec())),
        ("half a surrogate", raw(r#"{"applied": ["\ud800"], "changes": ["\ud800"]}"#)),
        ("an unassigned HTTP status", Answer::Raw(999, Vec::new(), b"{}".to_vec())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_answer_to_a_push_ends_the_run_and_changes_nothing() {
    let cursor = |cursor: Value| Answer::Json(200, json!({"applied": [], "errors": [], "cursor": cursor}));
    let more = [
        ("a negative cursor", cursor(json!("-1"))),
        ("a cursor of many digits", cursor(json!("9".repeat(100)))),
        ("a cursor that is none", cursor(json!("' OR 1=1 --"))),
        ("a number as cursor", cursor(json!(7))),
        ("applied is an object", Answer::Json(200, json!({"applied": {"m": true}}))),
        ("errors of numbers", Answer::Json(200, json!({"applied": [], "errors": [1]}))),
    ];
    ends_and_changes_nothing("push", broken().into_iter().chain(more)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_answer_to_a_pull_ends_the_run_and_changes_nothing() {
    let next = |next: Value| Answer::Json(200, json!({"changes": [], "nextCursor": next}));
    let more = [
        ("a cursor that does not advance", next(json!("5"))),
        ("a cursor that goes back", next(json!("4"))),
        ("a negative cursor", next(json!("-9"))),
        ("a number as cursor", next(json!(9))),
        ("changes of text", Answer::Json(200, json!({"changes": ["x"]}))),
        (
            "an unknown op",
            Answer::Json(
                200,
                json!({"changes": [{"serverSeq": 6, "resource": "tags", "id": "x", "op": "drop"}]}),
            ),
        ),
        (
            "cursors of tables that do not advance",
            Answer::Json(200, json!({"records": {}, "cursors": {}, "hasMore": true})),
        ),
    ];
    ends_and_changes_nothing("pull", broken().into_iter().chain(more)).await;
}

#[tokio::test]
async fn names_and_ids_in_a_pull_are_never_run_as_sql() {
    let mut rig = rig().await;
    rig.options.clear_changelog_on_success = false;
    let tables = State::of(&rig).tables;
    let record = json!({"label": "l", "__proto__": 1});
    let change = |seq, resource: &str, id: &str| upsert(seq, resource, id, &record);
    let changes = json!([
        change(6, "sqlite_master", "x"),
        change(7, "__datafn_changelog", "x"),
        change(8, "tags\"; DROP TABLE tags; --", "x"),
        change(9, "tags", "nul\u{0}in it"),
        change(10, "tags", "\u{1b}[2J'; DROP TABLE tags; --"),
        change(11, "join_todos_tags_tags", "no colon"),
    ]);
    rig.server.script("pull", [Answer::Json(200, json!({"changes": changes, "nextCursor": null}))]);
    let outcome = rig.run().await;
    assert!(outcome.ok, "{outcome:?}");
    let ids = rig.offline.column("SELECT id FROM tags ORDER BY id");
    assert_eq!(ids, ["\u{1b}[2J'; DROP TABLE tags; --", "g", "nul\u{0}in it"]);
    assert_eq!(State::of(&rig).tables, tables);
    assert_eq!(rig.offline.logged(), ["m"]);
}

#[tokio::test]
async fn a_pulled_value_that_does_not_fit_its_field_type_is_not_written() {
    let mut rig = rig().await;
    rig.options.clear_changelog_on_success = false;
    let change = |seq, id: &str, done: Value| upsert(seq, "todos", id, &json!({"done": done}));
    let changes =
        json!([change(6, "a", json!("maybe")), change(7, "b", json!(2)), change(8, "c", json!(true))]);
    rig.server.script("pull", [Answer::Json(200, json!({"changes": changes, "nextCursor": null}))]);
    let outcome = rig.run().await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(rig.offline.rows("SELECT id, done FROM todos"), [["c", "1"]]);
    assert_eq!(rig.warnings.len(), 2, "{:?}", rig.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_for_ids_that_were_not_sent_are_reported_up_to_a_limit() {
    let mut rig = rig().await;
    rig.options.fail_fast = false;
    let errors: Vec<_> =
        (0..5000).map(|index| json!({"mutationId": format!("not-{index}"), "code": "X"})).collect();
    rig.server.script("push", [Answer::Json(200, json!({"applied": [], "errors": errors, "cursor": "7"}))]);
    let outcome = rig.run().await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Rejected));
    assert!((1000..1100).contains(&outcome.failures.len()), "{}", outcome.failures.len());
    assert!(outcome.failures.iter().any(|error| error.body().message.contains("left out")));
}

#[tokio::test]
async fn a_token_repeated_in_an_error_is_redacted() {
    let mut rig = rig().await;
    let echo = json!({"ok": false, "error": {"code": "X", "message": "no: Bearer secret-token", "path": "secret-token"}});
    rig.server.script("push", [Answer::Json(400, echo)]);
    let (_, message, path) = rig.fail().await;
    assert_eq!((message.as_str(), path.as_str()), ("no: Bearer <redacted>", "<redacted>"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_takes_little_more_memory_than_the_largest_answer() {
    let (offline, server) = (database(), Scripted::start().await);
    let peak = async |answer| {
        server.script("push", [answer]);
        let mut command = program(offline.folder());
        command.args(["cloneup", "--db", "app.db", "--remote", server.base(), "--max-retries", "0"]);
        command.args(["--no-pull-after", "--no-resume"]);
        peak_memory(command).await
    };
    let (output, usual) = peak(Answer::Apply).await;
    assert_eq!(status(&output), 0);
    let (output, endless) = peak(Answer::Endless).await;
    assert_eq!(status(&output), 4);
    // The largest answer has 64 MiB.
    assert!(endless > usual && endless - usual < 90 * 1024, "{endless} KiB instead of {usual}");
}
