//! What the reference server forgets, and what happens to clients that have not seen it (contract 4).

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
#[cfg(all(target_os = "linux", feature = "postgres"))]
use synctool::secret::Secret;
use synctool::server::Retention;
#[cfg(all(target_os = "linux", feature = "postgres"))]
use synctool::server::{PostgresConfig, StoreLocation};

#[cfg(all(target_os = "linux", feature = "postgres"))]
use super::common::postgres::{Cluster, unique_schema};
use super::common::{
    SCHEMA, TestServer, clone, cloneup, database, mutation, pull, push, result, status, stderr,
};

const DAY: Duration = Duration::from_hours(24);

const MONTH: Retention =
    Retention { mutations: Some(DAY.saturating_mul(30)), deletes: Some(DAY.saturating_mul(30)) };

fn upsert(id: &str) -> Value {
    mutation(&format!("upsert-{id}"), &json!({"id": id}))
}

fn delete(id: &str) -> Value {
    mutation(&format!("delete-{id}"), &json!({"id": id, "operation": "delete"}))
}

/// A server on one of the two stores, whose clock the tests turn on.
struct Aging {
    server: TestServer,
    /// The schema in PostgreSQL; none for a file.
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    schema: Option<String>,
}

impl std::ops::Deref for Aging {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}

impl std::ops::DerefMut for Aging {
    fn deref_mut(&mut self) -> &mut TestServer {
        &mut self.server
    }
}

impl Aging {
    async fn on_file() -> Self {
        Self {
            server: TestServer::start(SCHEMA).await,
            #[cfg(all(target_os = "linux", feature = "postgres"))]
            schema: None,
        }
    }

    #[cfg(all(target_os = "linux", feature = "postgres"))]
    async fn on_postgres(cluster: &Cluster) -> Self {
        let schema = unique_schema();
        let server = TestServer::start_on(SCHEMA, postgres(cluster, &schema)).await;
        Self { server, schema: Some(schema) }
    }

    /// Stops the server, and makes everything in its store 40 days old.
    async fn age(&mut self) {
        self.server.stop().await;
        #[cfg(all(target_os = "linux", feature = "postgres"))]
        if let Some(schema) = &self.schema {
            let client = Cluster::shared().unwrap().client().await;
            for table in ["item", "commits", "applied"] {
                let sql =
                    format!("UPDATE \"{schema}\".{table} SET batch = batch - (40 * 86400000::bigint << 22)");
                client.batch_execute(&sql).await.unwrap();
            }
            return;
        }
        age_file(&self.server.data());
    }

    /// The counters are those of the tables, and the horizon is the place of the first delete. The server is
    /// stopped.
    #[cfg_attr(
        not(all(target_os = "linux", feature = "postgres")),
        expect(clippy::unused_async, reason = "only PostgreSQL is waited for")
    )]
    async fn check_counters(&self) {
        #[cfg(all(target_os = "linux", feature = "postgres"))]
        if let Some(schema) = &self.schema {
            let client = Cluster::shared().unwrap().client().await;
            let sql = format!(
                "SELECT items = (SELECT count(*) FROM \"{schema}\".item)
                     AND mutations = (SELECT count(*) FROM \"{schema}\".applied)
                     AND horizon = (SELECT min(c.first + i.step) FROM \"{schema}\".item i
                         JOIN \"{schema}\".commits c ON c.batch = i.batch WHERE i.document IS NULL)
                 FROM \"{schema}\".counter"
            );
            assert!(client.query_one(&sql, &[]).await.unwrap().get::<_, bool>(0));
            return;
        }
        check_counters_of_file(&Connection::open(self.server.data()).unwrap());
    }
}

#[cfg(all(target_os = "linux", feature = "postgres"))]
fn postgres(cluster: &Cluster, schema: &str) -> StoreLocation {
    let config = PostgresConfig::new(&Secret::new(cluster.database_url())).unwrap();
    StoreLocation::Postgres(Box::new(config.with_schema(schema).unwrap()))
}

/// Runs a test on both stores.
async fn on_both(test: impl AsyncFn(Aging)) {
    test(Aging::on_file().await).await;
    #[cfg(all(target_os = "linux", feature = "postgres"))]
    if let Some(cluster) = Cluster::shared() {
        test(Aging::on_postgres(cluster).await).await;
    }
}

/// Makes everything in a store 40 days old.
fn age_file(store: &Path) {
    let store = Connection::open(store).unwrap();
    store
        .execute_batch(
            "UPDATE moment SET second = second - 40 * 86400;
             -- Of the last minute there is no moment yet.
             INSERT OR REPLACE INTO moment (second, step)
                 SELECT unixepoch() - 40 * 86400, value FROM meta WHERE key = 'sequence'",
        )
        .unwrap();
}

/// Makes a store with old deletes: `b`, `c` and `d` of 40 days ago at the steps 5, 6 and 7, `e` of now at
/// step 8.
async fn make_forgetful(server: &mut Aging) {
    push(server, &["a", "b", "c", "d"].map(upsert)).await;
    push(server, &["b", "c", "d"].map(delete)).await;
    server.age().await;
    server.start_again(Retention { deletes: MONTH.deletes, ..Retention::default() }).await;
    push(server, &[delete("e")]).await;
    wait_for(server, "tombstones", 2).await;
}

/// Waits until `status` counts so many; it counts every few seconds.
async fn wait_for(server: &TestServer, kind: &str, count: u64) {
    wait_until(server, |store| store[kind]["count"] == count).await;
}

/// Waits until `status` says something of the store.
async fn wait_until(server: &TestServer, is_so: impl Fn(&Value) -> bool) {
    for _ in 0..600 {
        if is_so(&server.status().await["store"]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", server.status().await["store"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_from_before_forgotten_deletes_is_refused_and_others_are_not() {
    on_both(async |mut server| {
        make_forgetful(&mut server).await;
        let store = server.status().await["store"].clone();
        assert_eq!(store["forgottenCursor"], "7");
        // That of the last delete, not of the one that is always kept.
        assert!(store["tombstones"]["oldestAgeMs"].as_u64().unwrap() < 86_400_000, "{store}");
        for cursor in ["1", "6"] {
            let body = json!({"clientId": "D", "cursor": cursor});
            let (status, answer) = server.post_text("pull", body.to_string()).await;
            let error = &answer["error"];
            assert_eq!(
                (status, &error["code"], &error["path"]),
                (400, &json!("CURSOR_EXPIRED"), &json!("cursor"))
            );
            assert!(error["message"].as_str().unwrap().contains("clone again"), "{error}");
        }
        let ids = |page: &Value| {
            let changes = page["changes"].as_array().unwrap();
            changes.iter().map(|change| change["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // The last delete of those that are old enough stays, so that who starts from nothing passes it.
        assert_eq!(ids(&pull(&server, "0", 100).await), ["a", "d", "e"]);
        assert_eq!(ids(&server.post("pull", &json!({"clientId": "D"})).await), ["a", "d", "e"]);
        assert_eq!(ids(&pull(&server, "7", 100).await), ["e"]);
        assert_eq!(ids(&pull(&server, "99", 100).await), [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_started_from_nothing_goes_on_page_by_page() {
    on_both(async |mut server| {
        make_forgetful(&mut server).await;
        let first = pull(&server, "0", 1).await;
        assert_eq!((&first["nextCursor"], &first["startedAt"]), (&json!("1"), &json!("8")));
        let further = json!({"clientId": "D", "cursor": "1", "limit": 1, "startedAt": "8"});
        assert_eq!(server.post("pull", &further).await["nextCursor"], "7");
        // Another one had nothing before the deletes were forgotten.
        let older = json!({"clientId": "D", "cursor": "1", "limit": 1, "startedAt": "6"});
        assert_eq!(server.post_text("pull", older.to_string()).await.0, 400);
        assert_eq!(pull(&server, "7", 1).await.get("startedAt"), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursors_of_a_clone_are_not_refused() {
    on_both(async |mut server| {
        make_forgetful(&mut server).await;
        for (_, cursor) in clone(&server).await["cursors"].as_object().unwrap() {
            pull(&server, cursor.as_str().unwrap(), 100).await;
        }
        // The changes of a table may all be before the horizon.
        assert_eq!(clone(&server).await["cursors"]["projects"], "7");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloneup_starts_from_nothing_and_explains_an_expired_cursor() {
    on_both(async |mut server| {
        make_forgetful(&mut server).await;
        let offline = database();
        let output = cloneup(&offline, server.base(), &["--pull-limit", "1"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(offline.column("SELECT id FROM tags ORDER BY id"), ["a", "g", "h"]);

        offline.set_cursor("__global_cursor__", "3");
        let output = cloneup(&offline, server.base(), &[]).await;
        assert_eq!(status(&output), 4, "{}", stderr(&output));
        assert_eq!(result(&output)["errors"][0]["code"], "CURSOR_EXPIRED");
        assert!(stderr(&output).contains("clone again"), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("`cloneup --no-pull-after` uploads without pulling"),
            "{}",
            stderr(&output)
        );
        // Nothing of the cursor was lost, and the way out works.
        assert_eq!(offline.cursor("__global_cursor__").as_deref(), Some("3"));
        let output = cloneup(&offline, server.base(), &["--no-pull-after"]).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_mutations_are_applied_again_and_younger_ones_are_not() {
    on_both(async |mut server| {
        push(&server, &["a", "b"].map(upsert)).await;
        server.age().await;
        server.start_again(Retention { mutations: MONTH.mutations, ..Retention::default() }).await;
        push(&server, &[upsert("c")]).await;
        wait_for(&server, "mutations", 1).await;
        let result = push(&server, &["a", "b", "c"].map(upsert)).await;
        assert_eq!((&result["ok"], &result["cursor"]), (&json!(true), &json!("5")));
        assert_eq!(server.status().await["store"]["forgottenCursor"], "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_forgotten_without_the_flags() {
    on_both(async |mut server| {
        push(&server, &["a", "b"].map(delete)).await;
        server.age().await;
        server.start_again(Retention::default()).await;
        push(&server, &[upsert("c")]).await;
        let store = server.status().await["store"].clone();
        assert_eq!((&store["tombstones"]["count"], &store["mutations"]["count"]), (&json!(2), &json!(3)));
        let age = store["tombstones"]["oldestAgeMs"].as_u64().unwrap();
        assert!((40 * 86_400_000..41 * 86_400_000).contains(&age), "{store}");
        assert_eq!(pull(&server, "1", 100).await["changes"].as_array().unwrap().len(), 2);
    })
    .await;
}

/// The counters in `meta` are those of the tables, and the horizon is that of the first delete.
fn check_counters_of_file(store: &Connection) {
    let number = |sql: &str| store.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap();
    let counter = |key: &str| number(&format!("SELECT max(value) FROM meta WHERE key = '{key}'"));
    assert_eq!(counter("items"), number("SELECT count(*) FROM item"));
    assert_eq!(counter("remembered"), number("SELECT count(*) FROM applied"));
    if let Some(horizon) = counter("forgottenDeletes") {
        let first = number("SELECT min(place >> 20) FROM item WHERE document IS NULL").unwrap();
        assert_eq!(first, horizon);
    }
}

/// Pushes deletes of many records, some of them records that there were.
async fn push_deletes(server: &TestServer, range: std::ops::Range<usize>) {
    for start in range.clone().step_by(500) {
        let deletes: Vec<_> =
            (start..range.end.min(start + 500)).map(|index| delete(&index.to_string())).collect();
        assert_eq!(push(server, &deletes).await["ok"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_go_on_while_much_is_forgotten_and_the_counters_stay_exact() {
    on_both(async |mut server| {
        const OLD: usize = 20_000;
        push_deletes(&server, 0..OLD).await;
        server.age().await;
        server.start_again(MONTH).await;
        for round in 0..20 {
            // Deletes that are forgotten at last are overwritten meanwhile.
            let deleted = (OLD - 2 - round).to_string();
            let mutations = [&format!("x{round}"), "a", "b", &deleted].map(upsert);
            push(&server, &mutations).await;
            push(&server, &[delete(&round.to_string())]).await;
        }
        // A delete of the last rounds is a repeated one, or a new one if it was forgotten before.
        let is_new = |count: &Value| count.as_u64().unwrap() <= 62;
        wait_until(&server, |store| {
            is_new(&store["tombstones"]["count"]) && is_new(&store["mutations"]["count"])
        })
        .await;
        server.restart().await;
        let store = server.status().await["store"].clone();
        assert_eq!((&store["items"]["count"], &store["forgottenCursor"]), (&json!(42), &json!("20000")));
        server.stop().await;
        server.check_counters().await;
    })
    .await;
}

#[cfg(all(target_os = "linux", feature = "postgres"))]
#[tokio::test(flavor = "multi_thread")]
async fn several_servers_on_one_database_forget_next_to_pushes() {
    const OLD: usize = 5_000;
    let Some(cluster) = Cluster::shared() else { return };
    let mut first = Aging::on_postgres(cluster).await;
    push_deletes(&first, 0..OLD).await;
    first.age().await;
    first.start_again(MONTH).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut other = TestServer::start_on(SCHEMA, postgres(cluster, first.schema.as_ref().unwrap())).await;
        other.stop().await;
        other.start_again(MONTH).await;
        others.push(other);
    }
    let servers = [&first.server, &others[0], &others[1]];
    // They meet at the same tombstones, and overwrite those that are forgotten at last.
    futures_util::future::join_all(servers.iter().enumerate().map(async |(number, server)| {
        for round in 0..30 {
            let id = (OLD - 2 - round).to_string();
            let upsert = mutation(&format!("{number}-{id}"), &json!({"id": id}));
            assert_eq!(push(server, &[upsert]).await["ok"], true);
        }
    }))
    .await;
    wait_until(&first, |store| {
        (&store["mutations"]["count"], &store["tombstones"]["count"]) == (&json!(90), &json!(1))
    })
    .await;
    assert_eq!(others[0].status().await["store"]["items"]["count"], 30);
    for other in &mut others {
        other.stop().await;
    }
    first.server.stop().await;
    first.check_counters().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_it_forgets_goes_on_later() {
    use super::common::ServeProcess;
    let mut server = Aging::on_file().await;
    push_deletes(&server, 0..20_000).await;
    server.age().await;
    let offline = database();
    let data = offline.folder().join("server.db");
    std::fs::copy(server.data(), &data).unwrap();
    let arguments = ["--data", "server.db", "--forget-deletes", "30d", "--forget-mutations", "30d"];
    let mut serve = ServeProcess::start(offline.folder(), &arguments, None).await;
    for round in 0..5 {
        tokio::time::sleep(Duration::from_millis(20 * round)).await;
        serve.kill();
        let store = Connection::open(&data).unwrap();
        check_counters_of_file(&store);
        drop(store);
        serve.restart().await;
    }
    let remembered = || {
        Connection::open(&data)
            .unwrap()
            .query_row("SELECT count(*) FROM applied", [], |row| row.get::<_, u64>(0))
            .unwrap()
    };
    while remembered() > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moments_are_few_and_are_forgotten_with_what_they_date() {
    let mut server = Aging::on_file().await;
    let moments = |server: &Aging| {
        let store = Connection::open(server.data()).unwrap();
        store.query_row("SELECT count(*) FROM moment", [], |row| row.get::<_, u64>(0)).unwrap()
    };
    let start = std::time::Instant::now();
    for id in 0..20 {
        push(&server, &[upsert(&id.to_string())]).await;
    }
    assert!(moments(&server) <= start.elapsed().as_secs() / 60 + 2);
    for _ in 0..3 {
        server.age().await;
        server.start_again(Retention::default()).await;
        push(&server, &[upsert(&format!("x{}", moments(&server)))]).await;
    }
    assert!(moments(&server) >= 4);
    server.age().await;
    server.start_again(MONTH).await;
    push(&server, &[upsert("last")]).await;
    wait_for(&server, "mutations", 1).await;
    // What is left are the last moment that is old enough, and those of this server.
    while moments(&server) > 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_count_of_its_items_gets_one() {
    let mut server = TestServer::start(SCHEMA).await;
    push(&server, &["a", "b"].map(upsert)).await;
    server.stop().await;
    let store = Connection::open(server.data()).unwrap();
    assert_eq!(store.execute("DELETE FROM meta WHERE key = 'items'", []).unwrap(), 1);
    drop(store);
    server.start_again(Retention::default()).await;
    assert_eq!(server.status().await["store"]["items"]["count"], 2);
}
