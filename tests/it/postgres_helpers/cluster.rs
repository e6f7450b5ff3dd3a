//! Clusters: they start, separate the tests, and leave nothing over.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

use super::super::common::postgres::{Cluster, USER, unique_schema};

/// Set for the process that is killed: the file that it writes its cluster's process id and folder
/// to.
const VICTIM: &str = "SYNCTOOL_TEST_VICTIM";

#[tokio::test]
async fn the_shared_cluster_answers_over_tcp_and_over_its_socket() {
    let Some(cluster) = Cluster::shared() else { return };
    for url in [cluster.database_url(), cluster.socket_url()] {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let row = client.query_one("SELECT current_user::text, current_setting('fsync')", &[]).await.unwrap();
        assert_eq!((row.get(0), row.get(1)), (USER, "on"));
        assert!(url.contains(&cluster.address().port().to_string()), "{url}");
    }
    assert!(std::ptr::eq(cluster, Cluster::shared().unwrap()));
}

#[tokio::test]
async fn each_test_has_a_schema_and_a_database_of_its_own() {
    let Some(cluster) = Cluster::shared() else { return };
    assert_ne!(unique_schema(), unique_schema());
    let setting = ("default_transaction_isolation", "serializable");
    let (plain, strict) = (cluster.database(&[]).await, cluster.database(&[setting]).await);
    assert!(strict.url().ends_with(strict.name()));
    for (database, expected) in [(plain, "read committed"), (strict, "serializable")] {
        let client = cluster.client_of(database.name()).await;
        let isolation: String = client.query_one("SHOW transaction_isolation", &[]).await.unwrap().get(0);
        assert_eq!(isolation, expected);
        client.batch_execute("CREATE TABLE same_name ()").await.unwrap();
    }
}

#[tokio::test]
async fn a_cluster_of_one_s_own_has_its_settings_and_is_removed() {
    let options = Cluster::options().setting("fsync", "off").parent("/var/tmp");
    let Some(cluster) = options.start() else { return };
    let fsync: String = cluster.client().await.query_one("SHOW fsync", &[]).await.unwrap().get(0);
    assert_eq!(fsync, "off");
    assert!(cluster.log().contains("ready to accept connections"), "{}", cluster.log());
    let folder = cluster.socket().to_owned();
    assert!(folder.starts_with("/var/tmp"), "{folder:?}");
    let server = process(&folder);
    drop(cluster);
    assert!(!folder.exists() && !runs(server));
}

/// This test runs itself in another process, which is killed.
#[tokio::test]
async fn no_server_and_no_folder_is_left_over_by_a_process_that_is_killed() {
    if let Some(file) = std::env::var_os(VICTIM) {
        let cluster = Cluster::shared().unwrap();
        std::fs::write(file, cluster.socket().to_str().unwrap()).unwrap();
        return std::future::pending().await;
    }
    if Cluster::shared().is_none() {
        return;
    }
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("folder");
    let name = "no_server_and_no_folder_is_left_over_by_a_process_that_is_killed";
    let name = format!("{}::{name}", module_path!().split_once("::").unwrap().1);
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args(["--exact", &name]).env(VICTIM, &file).stdout(Stdio::null()).stderr(Stdio::null());
    let mut victim = victim.spawn().unwrap();
    let folder = eventually(|| std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty()));
    let folder = Path::new(&folder);
    let server = process(folder);
    assert!(runs(server));
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually(|| (!folder.exists() && !runs(server)).then_some(()));
}

/// The process id of a cluster's server.
fn process(folder: &Path) -> i32 {
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// Whether a process runs. One that nobody has waited for yet has ended.
fn runs(process: i32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    test_kill_process(Pid::from_raw(process).unwrap()).is_ok() && !state.contains(") Z ")
}

/// Calls a function until it returns something, for a minute at most.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "nothing after a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}
