//! Event files as a run writes them, with numbers that a test knows.

use serde_json::{Value, json};

/// When the command began, in milliseconds since the Unix epoch: 2025-11-23 22:00:00 UTC.
pub const BEGAN: u64 = 1_763_935_200_000;

/// The text of an event file, and the time of its last event.
#[derive(Clone)]
pub struct EventFile {
    pub text: String,
    at: u64,
    shard: Option<Value>,
}

impl EventFile {
    /// A run whose plan is made 40 ms after the command began.
    pub fn started(parts: &Value, options: &Value) -> Self {
        Self::empty().with_start(parts, options)
    }

    /// No events.
    pub fn empty() -> Self {
        Self { text: String::new(), at: BEGAN, shard: None }
    }

    /// The events from now on are those of a shard.
    pub fn of_shard(index: u32, of: u32) -> Self {
        Self { shard: Some(json!({"index": index, "of": of})), ..Self::empty() }
    }

    pub fn with_start(self, parts: &Value, options: &Value) -> Self {
        let rows = parts.as_array().unwrap().iter().map(|part| part["rows"].as_u64().unwrap());
        let total: u64 = rows.sum();
        let versions = json!({"synctool": "1.2.3", "sqlite": "3.50.4"});
        let started = json!({"startedMs": BEGAN, "versions": versions, "options": options, "parts": parts,
            "total": total});
        let level = json!({"level": 4, "why": "the run begins with this limit"});
        self.after(40).event("sync_started", started).event("sync_concurrency", level)
    }

    /// Time passes.
    pub fn after(mut self, millis: u64) -> Self {
        self.at += millis;
        self
    }

    /// Adds an event.
    pub fn event(mut self, name: &str, mut context: Value) -> Self {
        context["phase"] = "cloneup".into();
        if let Some(shard) = &self.shard {
            context["shard"] = shard.clone();
        }
        self.text.push_str(&json!({"type": name, "timestampMs": self.at, "context": context}).to_string());
        self.text.push('\n');
        self
    }

    /// Adds the counts of a run; `more` replaces some of them. The last latencies follow from the rows.
    pub fn progress(self, part: &str, part_done: u64, done: u64, more: &Value) -> Self {
        let latencies = |p50: u64| json!({"p50": p50, "p95": 2 * p50, "max": 3 * p50});
        let mut run = json!({"done": done, "total": 1000, "bytes": done * 1024, "requests": done / 50,
            "retries": {}, "rejected": 0, "rejections": {}, "repeated": 0, "resumed": 0, "pulled": 0, "inFlight": 4,
            "etaMs": null, "latencyMs": latencies(20), "sendingMs": self.at - BEGAN - 40});
        for (key, value) in more.as_object().unwrap() {
            run[key] = value.clone();
        }
        let interval =
            json!({"answered": 4, "maxInFlight": 3 + done % 3, "latencyMs": latencies(15 + done % 17)});
        let context = json!({"stage": "upload", "part": part, "done": part_done, "total": 1000,
            "bytes": run["bytes"], "batches": run["requests"], "run": run, "interval": interval});
        self.event("sync_progress", context)
    }

    pub fn limit(self, level: u64, why: &str) -> Self {
        self.event("sync_concurrency", json!({"level": level, "why": why}))
    }

    pub fn rejected(self, resource: &str, id: &str, code: &str, path: &str) -> Self {
        let mutation = format!("cloneup:rec:{resource}:{id}:0");
        let context =
            json!({"resource": resource, "id": id, "mutationId": mutation, "code": code, "path": path});
        self.event("sync_rejected", context)
    }

    pub fn applied(self, stats: &Value) -> Self {
        self.event("sync_applied", json!({"cursor": "1000", "stats": stats}))
    }

    pub fn failed(self, errors: &Value) -> Self {
        self.event("sync_failed", json!({"error": {"errors": errors}}))
    }
}

/// The parts of a plan with 1,000 rows.
pub fn parts() -> Value {
    json!([{"kind": "records", "name": "projects", "rows": 100},
        {"kind": "records", "name": "todos", "rows": 600},
        {"kind": "joinRows", "name": "join_todos_tags_tags", "rows": 299},
        {"kind": "deletes", "name": "deletes", "rows": 1}])
}

/// Usual options.
pub fn options() -> Value {
    json!({"db": "app.db", "remote": "https://sync.example.org/datafn", "batch-size": "50"})
}

/// The first seconds of a run in which everything is answered.
pub fn begun() -> EventFile {
    let mut file = EventFile::started(&parts(), &options());
    file = file.progress("projects", 0, 0, &json!({}));
    for second in 1..=5 {
        let (done, retries) =
            (second * 130, if second > 2 { json!({"503": 2, "timeout": 1}) } else { json!({}) });
        file = file.after(600);
        file = match second {
            2 => file.limit(8, "answers come without delay"),
            3 => file.limit(4, "the server asks for a pause"),
            _ => file,
        };
        file = file.after(400).progress("todos", done - 100, done, &json!({"retries": retries}));
    }
    file
}

/// A run that has succeeded.
pub fn succeeded() -> EventFile {
    let counts = json!({"retries": {"503": 2, "timeout": 1}, "repeated": 30, "pulled": 7, "inFlight": 0});
    let stats = json!({
        "resources": {"projects": {"records": 100, "mutations": 100},
            "todos": {"records": 600, "mutations": 600, "repeated": 30}},
        "joinStores": {"join_todos_tags_tags": {"rows": 299, "mutations": 299}},
        "batches": 20, "deletes": {"mutations": 1}});
    begun().after(900).progress("deletes", 1, 1000, &counts).applied(&stats)
}

/// A run in which two mutations were rejected.
pub fn rejected() -> EventFile {
    let counts = json!({"rejected": 2, "rejections": {"CONFLICT": 1, "DFQL_INVALID": 1}});
    let error = |id: &str, code: &str, path: &str, message: &str| json!({"mutationId": format!("cloneup:rec:todos:{id}:0"), "code": code, "path": path, "message": message});
    let errors = json!([
        error("t7", "CONFLICT", "id", "Record exists: t7"),
        error("t9", "DFQL_INVALID", "record.title", "title must be a string")
    ]);
    let file = begun().rejected("todos", "t7", "CONFLICT", "id");
    let file = file.rejected("todos", "t9", "DFQL_INVALID", "record.title");
    file.after(900).progress("deletes", 1, 1000, &counts).failed(&errors)
}

/// A run that continues an earlier one, and gets no answer any more.
pub fn resumed() -> EventFile {
    let file = EventFile::started(&parts(), &options()).progress("projects", 0, 0, &json!({}));
    let mut file = file.event("sync_resumed", json!({"rows": 400, "requests": 8}));
    for second in 1..=4 {
        let done = 400 + second * 50;
        file = file.after(1000).progress("todos", done - 100, done, &json!({"resumed": 400}));
    }
    let message = "POST https://sync.example.org/datafn/push: HTTP 503: down (4 tries in 7 s)";
    let error = json!({"mutationId": "", "code": "TRANSPORT_ERROR", "path": "sync.push", "message": message});
    file.after(500).failed(&json!([error, error]))
}
