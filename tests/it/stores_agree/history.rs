//! Random requests of a few clients on a few ids, so that they meet: every operation, valid and invalid,
//! mutation ids that are repeated, within a push too. The seed decides everything.

use serde_json::{Map, Value, json};

/// Required fields, relations of one record and of several, between several resources and of a resource
/// with itself.
pub const SCHEMA: &str = r#"{"resources": [
    {"name": "todos", "version": 1, "fields": [{"name": "title", "type": "string", "required": true},
        {"name": "n", "type": "number", "nullable": true}, {"name": "parentId", "type": "string"},
        {"name": "extra", "type": "object"}]},
    {"name": "tags", "version": 1, "fields": [{"name": "label", "type": "string"}]},
    {"name": "people", "version": 1, "fields": [{"name": "name", "type": "string"}]},
    {"name": "notes", "version": 1, "fields": []}],
  "relations": [
    {"type": "many-many", "from": "todos", "to": ["tags", "people"], "relation": "labels", "inverse": "labelled",
        "metadata": [{"name": "order", "type": "number"}, {"name": "note", "type": "string"}]},
    {"type": "many-many", "from": "todos", "to": "todos", "relation": "next", "inverse": "previous"},
    {"type": "many-one", "from": "todos", "to": ["todos", "people"], "relation": "parent",
        "fkField": "parentId"}]}"#;

const RESOURCES: [&str; 4] = ["todos", "tags", "people", "notes"];

/// Ids that any text may be; the same ones in every resource.
const IDS: [&str; 8] = ["a", "b", "c", "B", "\u{0}", "é\"'", "a:b", "\u{10ffff}"];

/// Pushes of new records in a row: more than a server needs to expect another one.
const NEW: usize = 7;

pub struct History {
    random: fastrand::Rng,
    /// Mutations that were sent, to be sent again.
    sent: Vec<Value>,
    next: usize,
    /// Pushes of new records that are still to come.
    new: usize,
}

impl History {
    pub fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), sent: Vec::new(), next: 0, new: 0 }
    }

    fn pick<'v>(&mut self, values: &[&'v str]) -> &'v str {
        values[self.random.usize(0..values.len())]
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.random.usize(0..times) == 0
    }

    /// A place in the feed, about.
    pub fn step(&mut self) -> String {
        self.random.usize(0..=self.next).to_string()
    }

    /// A pull from a place.
    pub fn pull(&mut self, cursor: &str) -> Value {
        let limit = 1 + self.random.usize(0..12);
        let mut query = json!({"clientId": self.pick(&["C", "D"]), "cursor": cursor, "limit": limit});
        if self.random.bool() {
            query["excludeOwnAfter"] = json!(self.step());
        }
        query
    }

    pub fn push(&mut self) -> Value {
        if self.new == 0 && self.one_in(10) {
            self.new = NEW;
        }
        if self.new > 0 {
            self.new -= 1;
            return self.push_of_new_records();
        }
        let client = self.pick(&["C", "D"]);
        let count = self.random.usize(0..12);
        let mutations: Vec<_> = (0..count).map(|_| self.mutation(client)).collect();
        json!({"clientId": client, "mutations": mutations})
    }

    /// Records that nobody has seen, and a row between them. The last push of several also has something
    /// that is decided by what the store has.
    fn push_of_new_records(&mut self) -> Value {
        self.next += 1;
        let id = format!("new{}", self.next);
        let mutation = |kind: &str, rest: Value| {
            let mut mutation = json!({"clientId": "C", "mutationId": format!("{kind}-{id}"), "version": 1,
                "resource": "todos", "id": id});
            mutation.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            mutation
        };
        let mut mutations = vec![
            mutation("tag", json!({"resource": "tags", "operation": "insert", "record": {"label": "new"}})),
            mutation("todo", json!({"operation": "merge", "record": {"title": id}})),
            mutation("row", json!({"operation": "relate", "relations": {"labels": id}})),
        ];
        if self.new == 0 {
            let again = self.sent.first().cloned().unwrap_or_else(|| mutations[0].clone());
            let decided = match self.random.u8(0..7) {
                0 => json!({"operation": "merge", "record": {}}),
                1 => json!({"operation": "merge", "record": {"title": "x"}}),
                2 => json!({"operation": "insert", "record": {"title": "x"}}),
                3 => json!({"operation": "relate", "relations": {"labels": self.pick(&IDS)}}),
                4 => json!({"operation": "unrelate", "relations": {"labels": self.pick(&IDS)}}),
                5 => again,
                // Invalid, but applied before.
                _ => json!({"operation": "explode", "mutationId": again["mutationId"]}),
            };
            for (number, id) in IDS.iter().enumerate() {
                let mut last = mutation(&format!("known{number}"), json!({"id": id}));
                last.as_object_mut().unwrap().extend(decided.as_object().unwrap().clone());
                last["clientId"] = json!("C");
                mutations.push(last);
            }
        }
        self.sent.extend(mutations.iter().cloned());
        json!({"clientId": "C", "mutations": mutations})
    }

    fn mutation(&mut self, client: &str) -> Value {
        if self.one_in(6) && !self.sent.is_empty() {
            // The same client, or another one with the same id.
            let mut again = self.sent[self.random.usize(0..self.sent.len())].clone();
            again["clientId"] = json!(client);
            return again;
        }
        self.next += 1;
        let mut mutation = json!({"clientId": client, "mutationId": format!("m{}", self.next), "version": 1,
            "resource": self.pick(&RESOURCES), "id": self.pick(&IDS)});
        if self.random.bool() {
            mutation["operation"] = json!(self.pick(&["insert", "merge", "merge", "replace", "delete"]));
            mutation["record"] = self.record(mutation["resource"].as_str().unwrap().to_owned().as_str());
        } else {
            mutation["operation"] = json!(self.pick(&["relate", "relate", "unrelate", "modifyRelation"]));
            mutation["relations"] = self.relations();
        }
        if self.one_in(20) {
            self.spoil(&mut mutation);
        }
        self.sent.push(mutation.clone());
        mutation
    }

    /// Makes a mutation invalid in a way that is found before the store is asked.
    fn spoil(&mut self, mutation: &mut Value) {
        match self.random.u8(0..5) {
            0 => mutation["mutationId"] = Value::Null,
            1 => mutation["clientId"] = json!("somebody"),
            2 => mutation["resource"] = json!("nothing"),
            3 => mutation["operation"] = json!("explode"),
            _ => mutation["id"] = json!(""),
        }
    }

    fn record(&mut self, resource: &str) -> Value {
        let mut record = Map::new();
        let text = self.pick(&["x", "y", "\u{0}\n", "ü"]);
        match resource {
            "todos" => {
                if !self.one_in(3) {
                    record.insert("title".to_owned(), json!(text));
                }
                if self.random.bool() {
                    record.insert(
                        "n".to_owned(),
                        [json!(null), json!(1.0), json!(-7)][self.random.usize(0..3)].clone(),
                    );
                }
                if self.one_in(4) {
                    record.insert("extra".to_owned(), json!({"b": [1, {"c": text}], "a": null}));
                }
            }
            "tags" => drop(record.insert("label".to_owned(), json!(text))),
            "people" => drop(record.insert("name".to_owned(), json!(text))),
            _ => {}
        }
        if self.one_in(15) {
            record.insert("unknown".to_owned(), json!(1));
        }
        Value::Object(record)
    }

    /// One or more relations, by name and by inverse, some of which the resource does not have.
    fn relations(&mut self) -> Value {
        let mut relations = Map::new();
        for _ in 0..=self.random.usize(0..2) {
            let name = self.pick(&["labels", "labels", "labelled", "next", "previous", "parent", "none"]);
            let value = match self.random.u8(0..5) {
                0 => json!(self.pick(&IDS)),
                1 => json!([self.reference(), self.pick(&IDS), self.reference()]),
                2 if self.one_in(3) => json!({"order": 1}),
                _ => self.reference(),
            };
            relations.insert(name.to_owned(), value);
        }
        Value::Object(relations)
    }

    fn reference(&mut self) -> Value {
        let mut reference = json!({"$ref": self.pick(&IDS)});
        if self.random.bool() {
            reference["order"] = json!(self.random.u8(0..3));
        }
        if self.one_in(4) {
            reference["note"] = json!(self.pick(&["x", "\u{0}"]));
        }
        reference
    }
}
