//! Database and server converge: random local edits and deletes, changes of other clients,
//! uploads over a faulty connection and interrupted uploads are compared with a model. After
//! every upload that succeeds both sides hold what the model holds, and the change log is
//! empty. Not single faults (`faults`).
//!
//! Contents never repeat: a record that returns to an earlier content makes an earlier
//! mutation id, which the server deduplicates (docs/guarantees.md).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use synctool::cloneup::Event;

use super::common::{FaultProxy, Rig, SCHEMA, TABLES, TestServer};

/// Labels of tags by id.
type Tags = BTreeMap<String, String>;

struct World {
    rig: Rig,
    server: TestServer,
    random: fastrand::Rng,
    /// The last number that was used for a content or a mutation id.
    counter: u64,
    local: Tags,
    remote: Tags,
    /// Ids deleted in the database since the last upload.
    deleted: Vec<String>,
}

impl World {
    fn id(&mut self) -> String {
        format!("g{}", self.random.u8(0..8))
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn edit(&mut self) {
        let (id, label) = (self.id(), format!("local {}", self.next()));
        let sql = "INSERT INTO tags VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET label = excluded.label";
        self.rig.offline.connect().execute(sql, [&id, &label]).unwrap();
        let mutation =
            json!({"resource": "tags", "operation": "merge", "id": id, "record": {"label": label}});
        self.rig.offline.log("C", &format!("e{}", self.counter), &mutation.to_string());
        self.local.insert(id, label);
    }

    fn delete(&mut self) {
        let id = self.id();
        if self.local.remove(&id).is_none() {
            return;
        }
        self.rig.offline.connect().execute("DELETE FROM tags WHERE id = ?1", [&id]).unwrap();
        let mutation = json!({"resource": "tags", "operation": "delete", "id": id});
        let number = self.next();
        self.rig.offline.log("C", &format!("d{number}"), &mutation.to_string());
        self.deleted.push(id);
    }

    async fn others(&mut self) {
        let (id, number) = (self.id(), self.next());
        let mut mutation = json!({"resource": "tags", "version": 1, "id": id, "clientId": "other",
            "mutationId": format!("o{number}"), "operation": "delete"});
        if self.random.bool() {
            let label = format!("theirs {number}");
            mutation["operation"] = json!("merge");
            mutation["record"] = json!({"label": label});
            self.remote.insert(id, label);
        } else {
            self.remote.remove(&id);
        }
        self.server.post("push", &json!({"clientId": "other", "mutations": [mutation]})).await;
    }

    async fn upload(&mut self) {
        if self.random.u8(0..4) == 0 {
            let stop_at = self.random.u8(0..3);
            let outcome = self
                .rig
                .run_with_cancellation(|event, cancellation| match event {
                    Event::PartStarted { .. } if stop_at == 0 => cancellation.cancel(),
                    Event::Answered { .. } if stop_at == 1 => cancellation.cancel(),
                    Event::Finalizing if stop_at == 2 => cancellation.cancel(),
                    _ => {}
                })
                .await;
            if !outcome.ok {
                // Some of it may have been applied already; the next upload deduplicates it.
                return Box::pin(self.upload_whole()).await;
            }
        }
        self.upload_whole().await;
    }

    async fn upload_whole(&mut self) {
        let mut runs = 0;
        while !self.rig.run().await.ok {
            runs += 1;
            assert!(runs < 200, "the upload does not finish");
        }
    }

    async fn server_has(&self) -> Tags {
        let clone = self.server.post("clone", &json!({"clientId": "x", "tables": ["tags"]})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let tags = clone["data"]["tags"].as_array().unwrap();
        tags.iter().map(|tag| (text(&tag["id"]), text(&tag["label"]))).collect()
    }

    fn database_has(&self) -> Tags {
        let rows = self.rig.offline.rows("SELECT id, label FROM tags");
        rows.into_iter().map(|mut row| (row.remove(0), row.remove(0))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn database_and_server_match_the_model_after_every_upload() {
    let seeds = std::env::var("SYNCTOOL_MODEL_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    for seed in 0..seeds {
        let server = TestServer::start(SCHEMA).await;
        let proxy = FaultProxy::start(server.base(), seed, 15).await;
        let mut rig = Rig::with(SCHEMA, TABLES).await;
        rig.remote.base = proxy.base().to_owned();
        rig.remote.timeout = Duration::from_secs(5);
        rig.batch_size(3);
        let random = fastrand::Rng::with_seed(seed);
        let mut world = World {
            rig,
            server,
            random,
            counter: 0,
            local: Tags::new(),
            remote: Tags::new(),
            deleted: Vec::new(),
        };
        let mut pushed = Tags::new();
        for step in 0..60 {
            match world.random.u8(0..10) {
                0..4 => world.edit(),
                4..6 => world.delete(),
                6..8 => world.others().await,
                _ => {
                    world.upload().await;
                    let mut expected = world.remote.clone();
                    // A content that was pushed before is deduplicated, so the server keeps its newer one.
                    let new = world.local.iter().filter(|(id, label)| pushed.get(*id) != Some(label));
                    expected.extend(new.map(|(id, label)| (id.clone(), label.clone())));
                    for id in world.deleted.drain(..).filter(|id| !world.local.contains_key(id)) {
                        expected.remove(&id);
                    }
                    pushed.extend(world.local.clone());
                    let what = format!("seed {seed}, step {step}");
                    assert_eq!(world.server_has().await, expected, "{what}: the server");
                    assert_eq!(world.database_has(), expected, "{what}: the database");
                    assert_eq!(world.rig.offline.logged_if_any(), [""; 0], "{what}: the change log");
                    world.local = expected.clone();
                    world.remote = expected;
                }
            }
        }
    }
}
