//! Whole uploads into `serve` on SQLite and on PostgreSQL, alternating: of new records, the same again, and
//! of two clients at once. The bare insert loops of both engines are in `main.rs` (`inserts`).

use std::path::Path;
use std::time::{Duration, Instant};

use super::data::{self, Ids};
use super::postgres::{Cluster, unique_schema};
use super::process::{Server, median, upload};
use super::{RUNS, line, ratio, settle};

/// What is measured of a store.
#[derive(Default)]
struct Taken {
    first: Vec<Duration>,
    again: Vec<Duration>,
    /// Two clients, each with its own records.
    both: Vec<Duration>,
    /// What `first` and `again` have cost the server, without PostgreSQL itself.
    processor: Vec<Duration>,
}

/// Prints the figures of both stores.
pub fn run(folder: &Path, records: u64) {
    // Not in the folder for temporary files, which may be in memory, nor in `folder`, where its user may
    // not go.
    let Some(cluster) = Cluster::options().parent("/var/tmp").start() else { return };
    for ids in [Ids::Rising, Ids::Scattered] {
        let database = data::make(folder, records, ids);
        let other = data::other_client(folder, &database);
        let (mut sqlite, mut postgres) = (Taken::default(), Taken::default());
        for _ in 0..RUNS {
            sqlite.measure(folder, [&database, &other], || Server::start(folder, "server.db"));
            postgres.measure(folder, [&database, &other], || {
                Server::start_on_postgres(folder, &cluster.database_url(), &unique_schema())
            });
        }
        println!("  {ids:?} ids");
        let of_sqlite = ratio(median(&sqlite.first), median(&postgres.first));
        sqlite.print("SQLite", records, None);
        postgres.print("PostgreSQL", records, Some(("of SQLite", of_sqlite)));
    }
}

impl Taken {
    fn measure(&mut self, folder: &Path, databases: [&Path; 2], start: impl Fn() -> Server) {
        let send = |database: &Path, server: &Server| {
            upload(folder, database, server.base(), &["--no-pull-after", "--no-resume"]).taken
        };
        settle();
        let server = start();
        self.first.push(send(databases[0], &server));
        self.again.push(send(databases[0], &server));
        self.processor.push(server.processor_time());
        drop(server);
        settle();
        let (server, began) = (start(), Instant::now());
        std::thread::scope(|scope| {
            for database in databases {
                scope.spawn(|| send(database, &server));
            }
        });
        self.both.push(began.elapsed());
    }

    fn print(&self, store: &str, records: u64, beside: Option<(&str, f64)>) {
        let [first, again, both] = [&self.first, &self.again, &self.both].map(|taken| median(taken));
        line(&format!("{store}, one client"), records, first, beside);
        line(&format!("{store}, again"), records, again, Some(("times as fast", ratio(first, again))));
        let rates = ratio(first, both) * 2.0;
        line(&format!("{store}, two clients"), records * 2, both, Some(("of the rate of one", rates)));
        println!(
            "  processor time of serve, one client and again {:>12.2} s",
            median(&self.processor).as_secs_f64()
        );
    }
}
