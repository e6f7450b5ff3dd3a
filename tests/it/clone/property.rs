//! For any database and the schema that is inferred for it: the clone of its upload makes the same
//! mutations, through both dialects of a pull. Not layouts that are written by hand (`layouts`).
//!
//! `SYNCTOOL_CLONE_CASES` sets the number of databases, `SYNCTOOL_CLONE_SEED` the first seed.

use synctool::offline::{Database, Snapshot, introspect};

use super::round_trip::{RoundTrip, clone};
use crate::common::Offline;
use crate::infer_property::generator::database;

#[tokio::test(flavor = "multi_thread")]
async fn the_clone_of_an_upload_makes_the_same_mutations() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, cases) = (number("SYNCTOOL_CLONE_SEED", 0), number("SYNCTOOL_CLONE_CASES", 12));
    for seed in first..first + cases {
        let trips = tokio::spawn(round_trips(seed)).await;
        assert!(trips.is_ok(), "seed {seed}\n{}", database(seed));
    }
}

async fn round_trips(seed: u64) {
    let offline = Offline::new(&database(seed));
    let snapshot = Snapshot::take(&Database::open(&offline.path()).unwrap()).unwrap();
    let schema = serde_json::to_string(&introspect::infer(&snapshot).unwrap()).unwrap();
    drop(snapshot);
    let trip = RoundTrip::of(&schema, offline).await;
    let limit = Some(1 + seed % 5);
    trip.clone_and_check("first.db", limit).await;
    let scripted = trip.second_dialect(3).await;
    let second = trip.path("second.db");
    let outcome = clone(&second, scripted.base(), &trip.schema, limit).await;
    assert!(outcome.ok, "{:?}", outcome.failures);
    trip.check(&second).await;
}
