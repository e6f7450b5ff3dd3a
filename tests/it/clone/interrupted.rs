//! A clone that was interrupted goes on after its last page, with the same server and the same schema
//! (contract 3.9). Not what is refused at the beginning (`begun`).

use serde_json::{Value, json};
use synctool::cloneup::{
    CancellationToken, CloneOptions, CloneOutcome, Event, FailureKind, Observer, ServerClone,
};
use synctool::schema::Schema;

use super::round_trip::{clone, remote};
use super::server_of_tags;
use crate::common::{Answer, FaultProxy, Offline, SCHEMA, Scripted, refusal, upsert};

/// Cancels a clone after its first page.
struct AfterOnePage(CancellationToken);

impl Observer for AfterOnePage {
    fn on(&self, event: &Event<'_>) {
        if matches!(event, Event::Pulled { .. }) {
            self.0.cancel();
        }
    }
}

fn schema() -> Schema {
    Schema::parse(SCHEMA).unwrap()
}

/// Clones, until the server refuses the page after this first one.
async fn interrupted(offline: &Offline, server: &Scripted, first: Answer) {
    server.script("pull", [first, Answer::Json(400, refusal("X"))]);
    let outcome = clone(&offline.path(), server.base(), &schema(), None).await;
    assert_eq!(error(&outcome).0, "X");
}

/// A page of tags with these sequence numbers.
fn tags(sequences: &[u64], next: Option<&str>) -> Answer {
    let changes: Vec<Value> = sequences
        .iter()
        .map(|seq| upsert(*seq, "tags", &format!("g{seq}"), &json!({"label": "x"})))
        .collect();
    Answer::result(&json!({"changes": changes, "nextCursor": next, "startedAt": "1"}))
}

fn status(store_id: Option<&str>) -> Answer {
    Answer::result(&json!({"storeId": store_id, "cursor": "9"}))
}

fn no_database() -> Offline {
    let offline = Offline::new("");
    std::fs::remove_file(offline.path()).unwrap();
    offline
}

/// Code and message of the only error.
fn error(outcome: &CloneOutcome) -> (&str, &str) {
    let [failure] = outcome.failures.as_slice() else { panic!("{outcome:?}") };
    (&failure.body().code, &failure.body().message)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_clone_goes_on_after_its_last_page() {
    let (scripted, offline) = (Scripted::start().await, no_database());
    scripted.script("status", [status(Some("s")), status(Some("s"))]);
    interrupted(&offline, &scripted, tags(&[1, 2], Some("2"))).await;
    // The page that was pulled is written when the next one cannot be had.
    assert_eq!(offline.cursor("__global_cursor__").as_deref(), Some("2"));
    assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["g1", "g2"]);

    scripted.script("pull", [tags(&[3, 4], None)]);
    let outcome = clone(&offline.path(), scripted.base(), &schema(), None).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!((&outcome.stats.resources[0], outcome.cursor.as_str()), (&("tags".to_owned(), 4), "4"));
    let pulls = scripted.pulls();
    let (first, last) = (&pulls[0].body, &pulls.last().unwrap().body);
    assert_eq!((&last["cursor"], &last["clientId"]), (&json!("2"), &first["clientId"]));
    // Deletes since the first page are told, so that the server need not keep every one.
    assert_eq!((first.get("startedAt"), &last["startedAt"]), (None, &json!("1")));
    assert_eq!(offline.column("SELECT value FROM __datafn_meta WHERE key = 'storeId'"), ["s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_clone_ends_after_the_page_that_is_written_and_goes_on() {
    let (server, offline) = (server_of_tags(40).await, no_database());
    let cancellation = CancellationToken::new();
    let observer = AfterOnePage(cancellation.clone());
    let options = CloneOptions { pull_limit: 2.try_into().ok(), ..CloneOptions::default() };
    let clone_of_two = ServerClone::new(offline.path(), remote(server.base()), schema()).options(options);
    let outcome = clone_of_two.observer(&observer).cancellation(cancellation).run().await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Interrupted), "{outcome:?}");
    let records = outcome.stats.resources[0].1;
    assert!((2..40).contains(&records), "{outcome:?}");
    assert_eq!(offline.cursor("__global_cursor__"), Some(records.to_string()));
    let outcome = clone(&offline.path(), server.base(), &schema(), None).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(outcome.stats.resources, [("tags".to_owned(), 40)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_of_tables_with_cursors_of_their_own_goes_on_after_its_last_page() {
    let (scripted, offline) = (Scripted::start().await, no_database());
    let page = |id: &str, cursor: &str, has_more: bool| {
        Answer::Json(
            200,
            json!({"records": {"tags": [{"id": id}]}, "cursors": {"tags": cursor}, "hasMore": has_more}),
        )
    };
    interrupted(&offline, &scripted, page("a", "7", true)).await;
    scripted.script("pull", [page("b", "9", false)]);
    let outcome = clone(&offline.path(), scripted.base(), &schema(), None).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(scripted.pulls().last().unwrap().body["cursors"], json!({"tags": "7"}));
    assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["a", "b"]);
    assert_eq!(offline.cursor("tags").as_deref(), Some("9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_or_schema_does_not_continue_a_clone() {
    let (scripted, other, offline) = (Scripted::start().await, Scripted::start().await, no_database());
    scripted.script("status", [status(Some("s")), status(Some("t"))]);
    interrupted(&offline, &scripted, tags(&[1, 2], Some("2"))).await;
    let before = std::fs::read(offline.path()).unwrap();
    // Another store at the same address, another one elsewhere, and one that does not say.
    other.script("status", [status(Some("t")), status(None)]);
    for base in [scripted.base(), other.base(), other.base()] {
        let outcome = clone(&offline.path(), base, &schema(), None).await;
        assert_eq!(outcome.failure_kind(), Some(FailureKind::Invalid), "{outcome:?}");
        assert!(error(&outcome).1.contains("interrupted clone of another server"), "{outcome:?}");
    }
    let renamed = Schema::parse(&SCHEMA.replace("\"label\"", "\"name\"")).unwrap();
    let outcome = clone(&offline.path(), scripted.base(), &renamed, None).await;
    assert!(error(&outcome).1.contains("another schema"), "{outcome:?}");
    assert_eq!((outcome.failure_kind(), other.pulls().len()), (Some(FailureKind::Invalid), 0));
    assert_eq!(std::fs::read(offline.path()).unwrap(), before);
    // The same store at another address.
    other.script("status", [status(Some("s"))]);
    other.script("pull", [tags(&[3], None)]);
    let outcome = clone(&offline.path(), other.base(), &schema(), None).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["g1", "g2", "g3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_has_expired_is_the_servers_error() {
    let (scripted, offline) = (Scripted::start().await, no_database());
    interrupted(&offline, &scripted, tags(&[1, 2], Some("2"))).await;
    scripted.script("pull", [Answer::Json(400, refusal("CURSOR_EXPIRED"))]);
    let outcome = clone(&offline.path(), scripted.base(), &schema(), None).await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote), "{outcome:?}");
    assert_eq!(error(&outcome).0, "CURSOR_EXPIRED");
    assert_eq!(outcome.stats.resources, [("tags".to_owned(), 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_through_faults_has_everything_once() {
    let server = server_of_tags(200).await;
    for seed in 0..4 {
        let (proxy, offline) = (FaultProxy::start(server.base(), seed, 30).await, no_database());
        let mut runs = 0;
        loop {
            runs += 1;
            let outcome = clone(&offline.path(), proxy.base(), &schema(), Some(7)).await;
            if outcome.ok {
                break;
            }
            assert_eq!(outcome.failure_kind(), Some(FailureKind::Remote), "{outcome:?}");
            assert!(runs < 50, "seed {seed}: {outcome:?}");
        }
        let labels = offline.column("SELECT id || label FROM tags ORDER BY id");
        let expected: Vec<_> = (0..200).map(|number| format!("g{number:03}l{number:03}")).collect();
        assert_eq!(labels, expected, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clones_into_one_file_are_refused() {
    let (scripted, offline) = (Scripted::start().await, no_database());
    let late = Answer::After(std::time::Duration::from_millis(500), Box::new(tags(&[1], None)));
    scripted.script("pull", [late]);
    let (path, base) = (offline.path(), scripted.base().to_owned());
    let first = tokio::spawn(async move { clone(&path, &base, &schema(), None).await });
    while scripted.pulls().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let outcome = clone(&offline.path(), scripted.base(), &schema(), None).await;
    assert_eq!(outcome.failure_kind(), Some(FailureKind::Storage), "{outcome:?}");
    assert!(error(&outcome).1.contains(&format!("process {}", std::process::id())), "{outcome:?}");
    assert!(first.await.unwrap().ok);
    assert_eq!(scripted.pulls().len(), 1);
}
