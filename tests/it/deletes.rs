//! Deletes made offline reach the server before the change log is drained (stage C).

use serde_json::{Value, json};

use super::common::Rig;

fn sent(rig: &Rig) -> Vec<Value> {
    rig.server
        .mutations()
        .into_iter()
        .filter(|m| m["operation"] == "delete" || m["operation"] == "unrelate")
        .collect()
}

#[tokio::test]
async fn a_delete_is_pushed_with_its_own_id_and_what_it_lacks_is_filled_in() {
    let mut rig = Rig::new("INSERT INTO todos (id) VALUES ('there')").await;
    rig.offline.log("C", "m1", r#"{"resource":"todos","operation":"delete","id":"gone"}"#);
    rig.offline.log("C", "m2", r#"{"resource":"todos","operation":"delete","id":"there"}"#);
    rig.offline.log("C", "m3", r#"{"resource":"nowhere","operation":"delete","id":"x"}"#);
    let outcome = rig.succeed().await;
    assert_eq!(
        sent(&rig),
        [
            json!({"resource": "todos", "operation": "delete", "id": "gone", "version": 3, "clientId": "C", "mutationId": "m1"})
        ]
    );
    assert_eq!(outcome.stats.deletes.unwrap().mutations, 1);
    assert!(rig.offline.logged().is_empty());
}

#[tokio::test]
async fn no_deletes_means_no_entry_in_the_statistics() {
    let mut rig = Rig::new("INSERT INTO todos (id) VALUES ('there')").await;
    rig.offline.log("C", "m2", r#"{"resource":"todos","operation":"delete","id":"there"}"#);
    assert_eq!(rig.succeed().await.stats.deletes, None);
}

#[tokio::test]
async fn an_unrelate_is_pushed_for_the_rows_that_are_gone() {
    for (relations, expected) in [
        (json!({"tags": {"$ref": "g1"}}), Some(json!({"tags": {"$ref": "g1"}}))),
        (json!({"tags": "g1"}), Some(json!({"tags": "g1"}))),
        (json!({"tags": ["g1", {"$ref": "g2"}, "there"]}), Some(json!({"tags": ["g1", {"$ref": "g2"}]}))),
        (json!({"tags": "there"}), None),
        (json!({"nope": "g1"}), None),
    ] {
        let mut rig = Rig::new("INSERT INTO join_todos_tags_tags VALUES ('t', 'there', 1)").await;
        let entry = json!({"resource": "todos", "operation": "unrelate", "id": "t", "relations": relations});
        rig.offline.log("C", "m1", &entry.to_string());
        rig.succeed().await;
        let pushed: Vec<_> = sent(&rig).into_iter().map(|mutation| mutation["relations"].clone()).collect();
        assert_eq!(pushed, expected.into_iter().collect::<Vec<_>>(), "{relations}");
    }
}

#[tokio::test]
async fn an_unrelate_from_the_other_side_is_the_same_join_row() {
    let mut rig = Rig::new("INSERT INTO join_todos_tags_tags VALUES ('there', 'g', 1)").await;
    let entry = json!({"resource": "tags", "operation": "unrelate", "id": "g", "relations": {"todos": ["there", "gone"]}});
    rig.offline.log("C", "m1", &entry.to_string());
    rig.succeed().await;
    assert_eq!(sent(&rig)[0]["relations"], json!({"todos": ["gone"]}));
}

#[tokio::test]
async fn entries_of_another_client_go_in_requests_of_that_client() {
    let mut rig = Rig::new("").await;
    for (client, mutation) in [("C", "m1"), ("D", "m2"), ("D", "m3"), ("C", "m4")] {
        let entry = json!({"resource": "todos", "operation": "delete", "id": mutation});
        rig.offline.log(client, mutation, &entry.to_string());
    }
    rig.succeed().await;
    let pushes = rig.server.pushes();
    let sizes: Vec<_> = pushes.iter().map(|push| push.body["mutations"].as_array().unwrap().len()).collect();
    assert_eq!((pushes.len(), sizes.iter().sum::<usize>()), (3, 4));
    for push in pushes {
        for mutation in push.body["mutations"].as_array().unwrap() {
            assert_eq!(mutation["clientId"], push.body["clientId"]);
        }
    }
}

#[tokio::test]
async fn they_are_left_alone_when_they_are_not_wanted() {
    for (deletes, join_rows, resources) in [(false, true, None), (true, true, Some(vec!["tags".to_owned()]))]
    {
        let mut rig = Rig::new("").await;
        rig.offline.log("C", "m1", r#"{"resource":"todos","operation":"delete","id":"gone"}"#);
        rig.options.include_deletes = deletes;
        rig.options.include_many_many = join_rows;
        rig.options.resources = resources;
        rig.succeed().await;
        assert!(sent(&rig).is_empty());
        assert_eq!(rig.offline.logged(), ["m1"]);
    }
    let mut rig = Rig::new("").await;
    rig.offline.log(
        "C",
        "m1",
        r#"{"resource":"todos","operation":"unrelate","id":"t","relations":{"tags":"g"}}"#,
    );
    rig.options.include_many_many = false;
    rig.succeed().await;
    assert!(sent(&rig).is_empty());
    assert_eq!(rig.offline.logged(), ["m1"]);
}
