//! The uploads of many databases as a library call.

use std::path::Path;
use std::sync::{Arc, Mutex};

use synctool::cloneup::{
    CancellationToken, DatabasesObserver, Event, FailureKind, Observer, Options, Outcome, Source, Uploads,
};
use synctool::offline::Database;
use synctool::remote::{Remote, RemoteConfig};
use synctool::schema::Schema;

use super::super::common::{SCHEMA, Scripted};
use super::Folder;

/// Notes which uploads begin and end.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl DatabasesObserver for Log {
    fn begin(&self, index: usize) -> Box<dyn Observer + '_> {
        self.0.lock().unwrap().push(format!("begin {index}"));
        Box::new(Answers(&self.0))
    }

    fn end(&self, index: usize, outcome: &Outcome) {
        self.0.lock().unwrap().push(format!("end {index} {}", outcome.ok));
    }
}

struct Answers<'l>(&'l Mutex<Vec<String>>);

impl Observer for Answers<'_> {
    fn on(&self, event: &Event<'_>) {
        if let Event::Answered { .. } = event {
            self.0.lock().unwrap().push("answered".to_owned());
        }
    }
}

fn uploads(folder: &Folder, server: &Scripted) -> Uploads<'static> {
    let schema = Arc::new(Schema::parse(SCHEMA).unwrap());
    let open = move |path: &Path| {
        Ok(Source { database: Database::open(path)?, schema: Arc::clone(&schema), only: None })
    };
    let paths = ["a.db", "missing.db", "b.db"].map(|name| folder.path().join(name));
    let remote = Remote::new(&RemoteConfig::new(server.base())).unwrap();
    Uploads::new(paths.to_vec(), remote, Arc::new(open)).jobs(1.try_into().unwrap())
}

#[tokio::test]
async fn the_observer_hears_of_every_database_and_the_outcome_has_all() {
    let (folder, server, log) = (Folder::with(&["a.db", "b.db"]), Scripted::start().await, Log::default());
    let outcome = uploads(&folder, &server).observer(&log).run().await;
    assert_eq!(outcome.failure_kinds().collect::<Vec<_>>(), [FailureKind::Storage, FailureKind::NotBegun]);
    assert_eq!(
        *log.0.lock().unwrap(),
        ["begin 0", "answered", "end 0 true", "begin 1", "end 1 false", "end 2 false"]
    );
    let options = Options { fail_fast: false, ..Options::default() };
    let outcome = uploads(&folder, &server).options(options).run().await;
    assert_eq!(outcome.databases.iter().map(|it| it.outcome.ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!((outcome.run_stats().records, outcome.run_stats().requests), (4, 2));
}

#[tokio::test]
async fn after_a_cancellation_nothing_begins() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), Scripted::start().await);
    let cancellation = CancellationToken::new();
    cancellation.cancel();
    let outcome = uploads(&folder, &server).cancellation(cancellation).run().await;
    assert!(outcome.failure_kinds().all(|kind| kind == FailureKind::Interrupted));
    assert_eq!((outcome.failure_kinds().count(), server.requests().len()), (3, 0));
}
