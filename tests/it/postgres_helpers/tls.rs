//! TLS and passwords of a cluster, as PostgreSQL's own client sees them.

use std::path::Path;

use super::super::common::postgres::{CA_CERTIFICATE, Cluster, OTHER_CA_CERTIFICATE};
use super::{connect, options};

/// What `psql` answers to a URL, or its error.
fn psql(cluster: &Cluster, url: &str) -> Result<String, String> {
    let mut psql = cluster.program("psql");
    psql.args([
        "-X",
        "-w",
        "-A",
        "-t",
        "-c",
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        url,
    ]);
    let output = psql.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The parameters that verify a server's certificate and name against an authority.
fn verifying(folder: &Path, authority: &str) -> String {
    let file = folder.join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    format!("?sslmode=verify-full&sslrootcert={}", file.display())
}

#[tokio::test]
async fn tls_is_demanded_and_verifies_with_the_right_authority_alone() {
    let Some(cluster) = options().tls().start() else { return };
    let (url, folder) = (cluster.database_url(), tempfile::tempdir().unwrap());
    let parameters = verifying(folder.path(), CA_CERTIFICATE);
    assert_eq!(psql(&cluster, &format!("{url}{parameters}")).unwrap(), "t\n");
    let other_name = url.replace("127.0.0.1", "localhost");
    let error = psql(&cluster, &format!("{other_name}{parameters}")).unwrap_err();
    assert!(error.contains("does not match host name \"localhost\""), "{error}");
    let parameters = verifying(folder.path(), OTHER_CA_CERTIFICATE);
    let error = psql(&cluster, &format!("{url}{parameters}")).unwrap_err();
    assert!(error.contains("certificate verify failed"), "{error}");
    let error = psql(&cluster, &format!("{url}?sslmode=disable")).unwrap_err();
    assert!(error.contains("no encryption"), "{error}");
}

#[tokio::test]
async fn a_password_is_demanded() {
    let Some(cluster) = options().password("hunter2").start() else { return };
    let url = cluster.database_url();
    assert!(connect(&url).await.is_ok());
    for wrong in [url.replace("hunter2", "hunter3"), url.replace(":hunter2", "")] {
        let error = connect(&wrong).await.unwrap_err();
        // Without a password in the URL the client itself refuses.
        assert!(error.code().is_none_or(|code| code.code() == "28P01"), "{error:?}");
    }
    assert!(
        psql(&cluster, &url.replace("hunter2", "hunter3")).unwrap_err().contains("authentication failed")
    );
}
