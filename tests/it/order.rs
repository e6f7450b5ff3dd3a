//! The order in which records and join rows are sent (contract 3.1, stages A and B). Not how
//! large the requests are (`limits`).

use super::common::{Answer, Rig};

#[tokio::test]
async fn resources_that_others_refer_to_are_sent_first() {
    let rows = "INSERT INTO todos (id) VALUES ('t'); INSERT INTO projects VALUES ('p', 'P');
        INSERT INTO tags VALUES ('g', 'G')";
    let mut rig = Rig::new(rows).await;
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["projects/p", "todos/t", "tags/g"]);
}

#[tokio::test]
async fn unrelated_resources_are_sent_in_the_requested_order() {
    let rows = "INSERT INTO todos (id) VALUES ('t'); INSERT INTO tags VALUES ('g', 'G')";
    let mut rig = Rig::new(rows).await;
    rig.options.resources = Some(vec!["tags".into(), "todos".into()]);
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["tags/g", "todos/t"]);
}

#[tokio::test]
async fn records_are_sent_by_id_in_byte_order_with_any_collation() {
    let rows = "DROP TABLE tags; CREATE TABLE tags (id TEXT COLLATE NOCASE, label TEXT);
        INSERT INTO tags (id) VALUES ('b'), ('a'), ('B'), ('A'), ('ä'), ('Z'), ('10'), ('9'), (' '), ('a b'), ('😀'), ('דּ')";
    let mut rig = Rig::new(rows).await;
    rig.succeed().await;
    let mut expected = ["b", "a", "B", "A", "ä", "Z", "10", "9", " ", "a b", "😀", "דּ"];
    expected.sort_unstable();
    let expected: Vec<_> = expected.iter().map(|id| format!("tags/{id}")).collect();
    assert_eq!(rig.server.subjects(), expected);
}

#[tokio::test]
async fn records_of_a_utf_16_database_are_sent_in_utf_8_byte_order() {
    let schema = r#"{"resources": [{"name": "tags"}]}"#;
    let sql = "PRAGMA encoding = 'UTF-16le'; CREATE TABLE tags (id TEXT);
        INSERT INTO tags (id) VALUES ('b'), ('ā'), ('a'), ('דּ'), ('😀')";
    let mut rig = Rig::with(schema, sql).await;
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["tags/a", "tags/b", "tags/ā", "tags/דּ", "tags/😀"]);
}

#[tokio::test]
async fn records_that_are_sorted_outside_sqlite_are_sent_in_byte_order() {
    let schema = r#"{"resources": [{"name": "tags", "fields": [{"name": "label", "type": "string"}]}]}"#;
    // Large enough for the external merge sort.
    let sql = "CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT); PRAGMA journal_mode = WAL;
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50001)
        INSERT INTO tags SELECT printf('%08x', n * 2654435761 % 4294967296), 'Tag ' || n FROM numbers";
    let mut rig = Rig::with(schema, sql).await;
    rig.batch_size(1000);
    rig.concurrency(1);
    let outcome = rig.succeed().await;
    let subjects = rig.server.subjects();
    assert_eq!((subjects.len(), outcome.stats.batches), (50_001, 51));
    assert!(subjects.is_sorted_by(|one, next| one < next));
    let last = &rig.server.pushes()[50].body["mutations"][0];
    let number = (1..=50_001_u64).max_by_key(|n| n * 2_654_435_761 % 4_294_967_296).unwrap();
    assert_eq!(last["record"]["label"], format!("Tag {number}"));
}

const TREE: &str = r#"{"resources": [{"name": "nodes", "fields": [{"name": "parentId", "type": "string"}]}],
    "relations": [{"type": "many-one", "from": "nodes", "to": "nodes", "relation": "parent", "fkField": "parentId"}]}"#;

#[tokio::test]
async fn parents_are_answered_before_their_children_are_sent() {
    let sql = "CREATE TABLE nodes (id TEXT PRIMARY KEY, parentId TEXT);
        INSERT INTO nodes VALUES ('a', 'z'), ('b', 'a'), ('z', NULL), ('y', 'nowhere'), ('c', 'z')";
    let mut rig = Rig::with(TREE, sql).await;
    rig.concurrency(4);
    rig.batch_size(1);
    let late = || Answer::late(60);
    rig.server.script("push", [late(), late(), late(), late(), late()]);
    rig.succeed().await;
    let pushes = rig.server.pushes();
    let mut depths: Vec<Vec<String>> = vec![Vec::new()];
    let mut answered = None;
    for push in &pushes {
        if answered.is_some_and(|answered| push.at >= answered) {
            depths.push(Vec::new());
        }
        depths.last_mut().unwrap().push(push.body["mutations"][0]["id"].as_str().unwrap().to_owned());
        answered = push.answered;
    }
    for depth in &mut depths {
        depth.sort();
    }
    assert_eq!(depths, [vec!["y", "z"], vec!["a", "c"], vec!["b"]]);
}

#[tokio::test]
async fn records_on_a_cycle_of_references_are_sent_last() {
    let sql = "CREATE TABLE nodes (id TEXT PRIMARY KEY, parentId TEXT);
        INSERT INTO nodes VALUES ('a', 'b'), ('b', 'a'), ('d', 'd'), ('c', 'a'), ('z', NULL), ('y', 'z')";
    let mut rig = Rig::with(TREE, sql).await;
    rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["nodes/z", "nodes/y", "nodes/a", "nodes/b", "nodes/c", "nodes/d"]);
}

/// The SQL for a table in which each of `count` records refers to the one before.
fn chain(count: usize) -> String {
    format!(
        "CREATE TABLE nodes (id TEXT PRIMARY KEY, parentId TEXT);
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
         INSERT INTO nodes SELECT printf('%06d', {count} - n), printf('%06d', {count} - n + 1) FROM numbers"
    )
}

#[tokio::test]
async fn batches_go_on_from_one_depth_to_the_next() {
    let mut rig = Rig::with(TREE, &chain(2050)).await;
    rig.concurrency(4);
    let outcome = rig.succeed().await;
    let expected: Vec<_> = (0..2050).rev().map(|n| format!("nodes/{n:06}")).collect();
    assert_eq!(rig.server.subjects(), expected);
    assert_eq!((outcome.stats.batches, rig.server.batch_sizes().pop()), (21, Some(50)));
    assert_eq!(rig.server.most_in_flight(), 1);
}

#[tokio::test]
async fn a_batch_with_the_next_depth_waits_for_the_batches_before_it() {
    // Three roots, then four children.
    let sql = "CREATE TABLE nodes (id TEXT PRIMARY KEY, parentId TEXT);
        INSERT INTO nodes VALUES ('r1', NULL), ('r2', NULL), ('r3', NULL),
            ('a', 'r1'), ('b', 'r2'), ('c', 'r3'), ('d', 'r1')";
    let mut rig = Rig::with(TREE, sql).await;
    rig.concurrency(4);
    rig.batch_size(2);
    rig.server.script("push", (0..4).map(|_| Answer::late(60)));
    rig.succeed().await;
    assert_eq!(
        rig.server.subjects(),
        ["nodes/r1", "nodes/r2", "nodes/r3", "nodes/a", "nodes/b", "nodes/c", "nodes/d"]
    );
    let pushes = rig.server.pushes();
    let (at, answered) = (|n: usize| pushes[n].at, |n: usize| pushes[n].answered.unwrap());
    assert!(at(1) >= answered(0), "r3 and a wait for r1 and r2");
    assert!(at(2) >= answered(1), "b and c wait for r3");
    assert!(at(3) < answered(2), "d is of the same depth as b and c");
}

#[tokio::test]
async fn an_interrupted_upload_of_many_depths_continues_after_its_acknowledged_prefix() {
    let mut rig = Rig::with(TREE, &chain(500)).await;
    rig.batch_size(70);
    rig.max_retries(0);
    let down = || Answer::Raw(503, Vec::new(), Vec::new());
    rig.server.script("push", [Answer::Apply, Answer::Apply, down()]);
    assert!(!rig.run().await.ok);
    let outcome = rig.succeed().await;
    assert_eq!((outcome.stats.resources[0].1.records, outcome.stats.batches), (500, 9));
    // The batch before the interruption is sent again as the probe.
    let all: Vec<_> = (0..500).rev().map(|n| format!("nodes/{n:06}")).collect();
    assert_eq!(rig.server.subjects()[210..], all[70..]);
}

#[tokio::test]
async fn join_stores_are_sent_by_name_and_their_rows_by_from_and_to() {
    let schema = r#"{"resources": [{"name": "a"}, {"name": "b"}], "relations": [
        {"type": "many-many", "from": "b", "to": "a", "relation": "r"},
        {"type": "many-many", "from": ["a", "b"], "to": "b", "relation": "q"}]}"#;
    let sql = r#"CREATE TABLE a (id TEXT); CREATE TABLE b (id TEXT);
        CREATE TABLE join_b_r_a ("from" TEXT, "to" TEXT); INSERT INTO join_b_r_a VALUES ('1', '1');
        CREATE TABLE join_a_q_b ("from" TEXT, "to" TEXT);
        INSERT INTO join_a_q_b VALUES ('2', '1'), ('1', '9'), ('1', '10'), ('Z', 'a'), ('a', 'Z');
        CREATE TABLE join_b_q_b ("from" TEXT, "to" TEXT); INSERT INTO join_b_q_b VALUES ('1', '1');"#;
    let mut rig = Rig::with(schema, sql).await;
    let outcome = rig.succeed().await;
    assert_eq!(rig.server.subjects(), ["a/1>10", "a/1>9", "a/2>1", "a/Z>a", "a/a>Z", "b/1>1", "b/1>1"]);
    let names: Vec<_> = outcome.stats.join_stores.keys().cloned().collect();
    assert_eq!(names, ["join_a_q_b", "join_b_q_b", "join_b_r_a"]);
}

#[tokio::test]
async fn equal_join_rows_are_all_counted_but_sent_once() {
    let rows = "INSERT INTO join_todos_tags_tags VALUES
        ('a', 'b', 1), ('a', 'b', 2), ('a', 'b', 1), ('a', 'b', 1), ('a', 'c', 1), ('a', 'c', 1)";
    let mut rig = Rig::new(rows).await;
    rig.batch_size(1);
    let outcome = rig.succeed().await;
    let stats = outcome.stats.join_stores["join_todos_tags_tags"];
    assert_eq!((stats.rows, stats.mutations, outcome.stats.batches), (6, 3, 3));
}

#[tokio::test]
async fn batches_hold_one_resource_and_at_most_batch_size_mutations() {
    let rows = "INSERT INTO tags (id) VALUES ('1'), ('2'), ('3'), ('4'), ('5');
        INSERT INTO projects VALUES ('1', 'x'), ('2', 'x')";
    let mut rig = Rig::new(rows).await;
    rig.batch_size(2);
    rig.concurrency(1);
    let outcome = rig.succeed().await;
    let sizes: Vec<_> = rig.server.batch_sizes();
    assert_eq!((sizes, outcome.stats.batches), (vec![2, 2, 2, 1], 4));
}

#[tokio::test]
async fn concurrency_bounds_requests_in_flight_and_the_next_resource_waits_for_all_answers() {
    let rows = "INSERT INTO projects (id, name) SELECT value, 'x' FROM json_each('[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]');
        INSERT INTO todos (id) VALUES ('t')";
    let mut rig = Rig::new(rows).await;
    rig.batch_size(1);
    rig.concurrency(3);
    let late = || Answer::late(50);
    rig.server.script("push", [late(), late(), late(), late(), late(), late()]);
    rig.succeed().await;
    assert_eq!(rig.server.most_in_flight(), 3);
    let pushes = rig.server.pushes();
    let last_project = pushes[..6].iter().map(|push| push.answered.unwrap()).max().unwrap();
    assert!(pushes[6].at >= last_project, "a to-do was sent before every project was answered");
}
