//! What the servers of one database tell each other for their pages: each enters what it has been doing, at
//! most once a second and only when it has answered pushes since.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::server::activity::{Activity, ActivityReport, Throughput, WINDOW_SECONDS};
use crate::server::store::postgres::PostgresStore;
use crate::server::store::{Result, Store};

/// The time between two reports.
const INTERVAL: Duration = Duration::from_secs(1);

/// The age of a report that is not shown any more: what the server had to say is old, and it may be gone.
const MAX_AGE: Duration = Duration::from_hours(1);

/// How this server and the others tell each other. Dropping it ends that.
pub(super) struct Sharing {
    store: Arc<PostgresStore>,
    /// What the reports of this server are entered under.
    server: String,
    task: JoinHandle<()>,
}

impl Drop for Sharing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sharing {
    /// Starts to enter reports; `None` if the store has one server only.
    pub(super) fn start(store: &Store, activity: &Arc<Activity>) -> Option<Self> {
        let Store::Postgres(store) = store else { return None };
        let server = uuid::Uuid::new_v4().to_string();
        let task = tokio::spawn(report(Arc::clone(store), server.clone(), Arc::clone(activity)));
        Some(Self { store: Arc::clone(store), server, task })
    }

    /// Adds the reports of the others to the report of this one. Returns the changes of all servers by
    /// second.
    pub(super) async fn read(&self, report: &mut ActivityReport) -> Result<Throughput<WINDOW_SECONDS>> {
        for other in self.store.reports(&self.server, MAX_AGE).await? {
            // Of a server of another version, perhaps.
            let Ok(entered) = serde_json::from_str(&other.text) else { continue };
            report.add(entered, i64::try_from(other.age.as_millis()).unwrap_or(i64::MAX));
        }
        let mut throughput = Throughput::default();
        let mut seconds = self.store.throughput(Duration::from_secs(WINDOW_SECONDS as u64)).await?;
        seconds.sort_unstable();
        for (second, steps) in seconds {
            throughput.add(second, steps);
        }
        Ok(throughput)
    }
}

/// Enters reports, again and again.
async fn report(store: Arc<PostgresStore>, server: String, activity: Arc<Activity>) {
    let mut reported = 0;
    loop {
        sleep(INTERVAL).await;
        let pushes = activity.pushes();
        if pushes == reported {
            continue;
        }
        // Numbers and text can be written as JSON.
        let Ok(text) = serde_json::to_string(&activity.report()) else { continue };
        match store.report(&server, &text).await {
            Ok(()) if reported == 0 => {
                reported = pushes;
                // Once in the life of a server is enough.
                if let Err(error) = store.forget_reports().await {
                    tracing::debug!(%error, "the reports of servers that are gone were not forgotten");
                }
            }
            Ok(()) => reported = pushes,
            Err(error) => tracing::debug!(%error, "the other servers were not told what this one does"),
        }
    }
}
