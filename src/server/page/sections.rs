//! The JSON of the sections. Everything that clients have sent is text in it, of a bounded length.

use serde_json::{Value, json};

use crate::schema::Schema;
use crate::server::activity::{ActivityReport, Throughput, WINDOW_SECONDS, excerpt};
use crate::server::store::{Live, NewestItem, Overview};

/// Items that are shown.
pub(super) const NEWEST: usize = 15;

/// Characters of their documents.
pub(super) const DOCUMENT: usize = 240;

/// Characters of an id.
const ID: usize = 160;

/// The tables: those of the schema in its order, resources first, then others that have items.
fn tables(schema: &Schema, live: &[Live]) -> Value {
    let resources = schema.resources.iter().map(|resource| (resource.name.clone(), "resource"));
    let stores = schema.join_stores().into_iter().map(|store| (store.name(), "join store"));
    let mut tables: Vec<_> = resources.chain(stores).collect();
    let others = live.iter().filter(|live| live.items > 0);
    let mut others: Vec<_> =
        others.filter(|live| !tables.iter().any(|(name, _)| *name == live.name)).collect();
    others.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    tables.extend(others.into_iter().map(|live| (live.name.clone(), "not in the schema")));
    let count = |name: &str| live.iter().find(|live| live.name == name).map_or(0, |live| live.items);
    tables
        .iter()
        .map(|(name, kind)| json!({"name": excerpt(name, ID), "kind": kind, "count": count(name)}))
        .collect()
}

/// The newest items.
fn newest(items: &[NewestItem]) -> Value {
    items
        .iter()
        .map(|NewestItem { step, name, id, target, document }| {
            json!({
                "step": step,
                "table": excerpt(name, ID),
                "id": excerpt(id, ID),
                "target": (!target.is_empty()).then(|| excerpt(target, ID)),
                "document": document.as_deref().map(|text| excerpt(text, DOCUMENT)),
            })
        })
        .collect()
}

/// The sections of what the store holds.
pub(super) fn of_overview(schema: &Schema, overview: &Overview) -> Vec<(&'static str, Value)> {
    vec![
        ("sequence", json!(overview.sequence)),
        ("tables", tables(schema, &overview.live)),
        ("newest", newest(&overview.newest)),
    ]
}

/// The section of the rate: changes a second now, and in each complete second of the window.
pub(super) fn rate(throughput: &Throughput<WINDOW_SECONDS>, now_ms: i64) -> (&'static str, Value) {
    let now = u64::try_from(now_ms / 1000).unwrap_or(0);
    let seconds: Vec<_> = throughput.complete(now).collect();
    ("rate", json!({"now": throughput.rate(now), "seconds": seconds}))
}

/// The sections of what clients do.
pub(super) fn of_activity(report: &ActivityReport) -> Vec<(&'static str, Value)> {
    vec![("now", json!(report.now)), ("uploads", json!(report.uploads)), ("rejected", json!(report.rejected))]
}
