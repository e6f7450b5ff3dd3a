//! How a database is named on the command line, and what `synctool serve` says about one that it cannot
//! use. No message shows a password.

use std::io::{BufRead as _, BufReader};
use std::process::{Output, Stdio};

use tempfile::TempDir;

use super::common::postgres::{CA_CERTIFICATE, Cluster, OTHER_CA_CERTIFICATE, PostgresProxy};
use super::common::{SCHEMA, program, status, stderr};

const PASSWORD: &str = "s3cr3t?&pass";

/// A folder with a schema and with an authority's certificate.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("schema.json", SCHEMA), ("ca.pem", CA_CERTIFICATE), ("other.pem", OTHER_CA_CERTIFICATE)]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn serve(folder: &TempDir, arguments: &[&str]) -> std::process::Command {
    let mut command = program(folder.path());
    command.args(["serve", "--schema", "schema.json", "--listen", "127.0.0.1:0"]).args(arguments);
    command
}

/// The output of a server that does not start.
fn refused(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::from_std(serve(folder, arguments));
    let output = command.timeout(std::time::Duration::from_mins(1)).output().unwrap();
    let text = stderr(&output);
    assert!(output.stdout.is_empty() && !text.contains(PASSWORD) && !text.contains("s3cr3t"), "{text}");
    output
}

/// Starts a server and returns its first line on stderr.
fn first_line(mut command: std::process::Command) -> String {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn a_location_that_cannot_be_meant_is_refused_before_anything_is_opened() {
    let folder = folder();
    std::fs::write(folder.path().join("url"), format!("postgres://u:{PASSWORD}@127.0.0.1:1/d\n")).unwrap();
    std::fs::write(folder.path().join("empty"), " \n").unwrap();
    let url = "postgres://u@127.0.0.1:1/d";
    for (arguments, part) in [
        (vec!["--database-url", url, "--data", "server.db"], "a server has one store"),
        (vec!["--database-url-file", "url", "--data", "server.db"], "a server has one store"),
        (vec!["--database-url", url, "--database-url-file", "url"], "leave out one of them"),
        (vec!["--database-url-file", "nothing"], "the file of the database URL, nothing: "),
        (vec!["--database-url-file", "empty"], "it is empty"),
        (vec!["--database-url", "host=h password=s3cr3t"], "must begin with postgres://"),
        (vec!["--database-url", "postgres://u:s3cr3t@h/d?wrong=s3cr3t"], "a parameter that is not supported"),
        (vec!["--database-url", url, "--database-schema", "a.b"], "letters, digits, _ or -"),
        (vec!["--database-schema", "a"], "--database-schema is about a database"),
        (vec!["--database-ca-cert", "ca.pem"], "--database-ca-cert is about a database"),
    ] {
        let output = refused(&folder, &arguments);
        assert_eq!(status(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_named_with_the_way_out() {
    let Some(cluster) = Cluster::options().in_memory().password(PASSWORD).start() else { return };
    let folder = folder();
    let admin = cluster.client().await;
    for statement in [
        &format!("CREATE ROLE ann LOGIN PASSWORD '{PASSWORD}'"),
        "CREATE DATABASE app OWNER ann",
        "CREATE DATABASE other",
    ] {
        admin.batch_execute(statement).await.unwrap();
    }
    let url = |user: &str, password: &str, database: &str| {
        let password = password.replace('?', "%3F").replace('&', "%26");
        format!("postgres://{user}:{password}@{}/{database}", cluster.address())
    };
    let other = cluster.client_of("other").await;
    other.batch_execute("CREATE SCHEMA strange; CREATE TABLE strange.item (x int)").await.unwrap();
    other
        .batch_execute(
            "CREATE SCHEMA newer; CREATE TABLE newer.meta AS SELECT 1::smallint AS id,
        99 AS version, gen_random_uuid() AS store_id; GRANT ALL ON SCHEMA strange, newer TO ann;
        GRANT ALL ON ALL TABLES IN SCHEMA strange, newer TO ann",
        )
        .await
        .unwrap();
    for (url, arguments, parts) in [
        (url("ann", "s3cr3t-wrong", "app"), vec![], ["28P01", "check the user and the password"]),
        (url("ann", PASSWORD, "nowhere"), vec![], ["3D000", "createdb nowhere"]),
        (
            url("ann", PASSWORD, "other"),
            vec![],
            ["42501", "GRANT USAGE, CREATE ON SCHEMA \"synctool\" TO \"ann\""],
        ),
        (
            url("ann", PASSWORD, "other"),
            vec!["--database-schema", "strange"],
            ["strange", "another program's tables"],
        ),
        (url("ann", PASSWORD, "other"), vec!["--database-schema", "newer"], ["newer", "format 99"]),
        (url("ann", PASSWORD, "app") + "?sslmode=require", vec![], ["TLS", "server does not support TLS"]),
        (
            url("ann", PASSWORD, "app"),
            vec!["--database-ca-cert", "schema.json"],
            ["schema.json", "no PEM certificate"],
        ),
    ] {
        std::fs::write(folder.path().join("url"), &url).unwrap();
        let arguments = [&["--database-url-file", "url"][..], &arguments].concat();
        let output = refused(&folder, &arguments);
        assert_eq!(status(&output), 3, "{arguments:?}: {}", stderr(&output));
        for part in parts {
            assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_comes_from_a_variable_a_file_or_a_flag_and_a_password_in_the_flag_is_warned_about() {
    let Some(cluster) = Cluster::options().in_memory().password(PASSWORD).start() else { return };
    let folder = folder();
    let url = cluster.database_url();
    std::fs::write(folder.path().join("url"), &url).unwrap();
    let mut variable = serve(&folder, &[]);
    variable.env("SYNCTOOL_DATABASE_URL", &url);
    for command in [variable, serve(&folder, &["--database-url-file", "url"])] {
        let line = first_line(command);
        assert!(line.starts_with("listening on "), "{line}");
    }
    // The flag's file counts, not the variable.
    let mut both = serve(&folder, &["--database-url-file", "url"]);
    both.env("SYNCTOOL_DATABASE_URL", "postgres://u@127.0.0.1:1/d");
    assert!(first_line(both).starts_with("listening on "));
    let line = first_line(serve(&folder, &["--database-url", &url]));
    assert!(line.contains("warning: --database-url holds a password") && !line.contains("s3cr3t"), "{line}");
    std::fs::write(folder.path().join("synctool.toml"), format!("database-url = \"{url}\"")).unwrap();
    let line = first_line(serve(&folder, &[]));
    assert!(line.contains("whoever reads the configuration file") && !line.contains("s3cr3t"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_always_verified() {
    let Some(cluster) = Cluster::options().in_memory().tls().start() else { return };
    let (folder, url) = (folder(), cluster.database_url());
    let ca = folder.path().join("ca.pem");
    for (url, arguments) in [
        (url.clone(), vec!["--database-ca-cert", "ca.pem"]),
        (format!("{url}?sslmode=verify-full&sslrootcert={}", ca.display()), vec![]),
        (format!("{url}?sslmode=prefer"), vec!["--database-ca-cert", "ca.pem"]),
    ] {
        let line = first_line(serve(&folder, &[&["--database-url", &url][..], &arguments].concat()));
        assert!(line.starts_with("listening on "), "{url} {arguments:?}: {line}");
    }
    let other_name = url.replace("127.0.0.1", "localhost");
    for (url, arguments) in [
        (url.clone(), vec!["--database-ca-cert", "other.pem"]),
        (format!("{url}?sslmode=require"), vec![]),
        (format!("{url}?sslmode=prefer"), vec![]),
        (other_name, vec!["--database-ca-cert", "ca.pem"]),
    ] {
        let output = refused(&folder, &[&["--database-url", &url][..], &arguments].concat());
        let text = stderr(&output);
        assert_eq!(status(&output), 3, "{url} {arguments:?}: {text}");
        assert!(text.contains("certificate") && text.contains("--database-ca-cert names"), "{url}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let Some(cluster) = Cluster::shared() else { return };
    let (proxy, folder) = (PostgresProxy::start(&cluster.database_url()).await, folder());
    proxy.refuse(true);
    let schema = super::common::postgres::unique_schema();
    let arguments = ["--database-url", proxy.url(), "--database-schema", &schema];
    let mut child = serve(&folder, &arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let lines = tokio::task::spawn_blocking(move || (lines.next().unwrap(), lines));
    let (line, mut lines) = lines.await.unwrap();
    assert!(line.contains("waiting for PostgreSQL at 127.0.0.1"), "{line}");
    proxy.refuse(false);
    let line = tokio::task::spawn_blocking(move || lines.next().unwrap()).await.unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_away_is_named() {
    let folder = folder();
    let output = tokio::task::spawn_blocking(move || {
        refused(&folder, &["--database-url", "postgres://u@127.0.0.1:1/d"])
    });
    let output = output.await.unwrap();
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    for part in ["the database d at 127.0.0.1:1", "Connection refused", "check that PostgreSQL is running"] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
