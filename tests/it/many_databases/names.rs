//! Which files `--db` names: patterns of the shell and of the program, lists in variables and files, the
//! same file twice.

use super::super::common::{SCHEMA, TestServer, errors_of, program, result, status, stderr};
use super::{Folder, databases, uploaded};

#[tokio::test(flavor = "multi_thread")]
async fn a_quoted_pattern_and_one_that_the_shell_expands_name_the_same_files() {
    let folder = Folder::with(&["t1.db", "t2.db", "other.db"]);
    std::fs::create_dir(folder.path().join("t3.db")).unwrap();
    let server = TestServer::start(SCHEMA).await;
    let quoted = folder.run(server.base(), &["--db", "t*.db"]).await;
    assert_eq!((status(&quoted), uploaded(&quoted)), (0, vec!["t1.db".into(), "t2.db".into()]));
    let expanded = folder.run(server.base(), &["--db", "t1.db", "t2.db", "--no-pull-after"]).await;
    assert_eq!((status(&expanded), uploaded(&expanded)), (0, vec!["t1.db".into(), "t2.db".into()]));
    // A pattern has the result of several, however many files match it.
    let one = folder.run(server.base(), &["--db", "o[a-z]her.db"]).await;
    assert_eq!((status(&one), uploaded(&one)), (0, vec!["other.db".into()]));
    // A plain name has that of one.
    let plain = folder.run(server.base(), &["--db", "other.db"]).await;
    assert_eq!((status(&plain), result(&plain).get("databases")), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_reaches_into_folders_and_leaves_hidden_files_alone() {
    let (folder, server) = (Folder::new(), TestServer::start(SCHEMA).await);
    for name in ["x", "y", "x/deep", ".hidden"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    for name in ["x/a.db", "y/a.db", "x/deep/b.db", ".hidden/c.db", "x/.d.db"] {
        folder.add(name, &name.replace('/', "-"));
    }
    let output = folder.run(server.base(), &["--db", "*/*.db"]).await;
    assert_eq!(uploaded(&output), ["x/a.db", "y/a.db"], "{}", stderr(&output));
    let output = folder.run(server.base(), &["--db", "**/*.db"]).await;
    assert_eq!(uploaded(&output), ["x/a.db", "x/deep/b.db", "y/a.db"], "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_name_looks_like_a_pattern_is_that_file() {
    let (folder, server) = (Folder::with(&["a[1].db", "a1.db"]), TestServer::start(SCHEMA).await);
    let output = folder.run(server.base(), &["--db", "a[1].db", "--db", "a1.db"]).await;
    assert_eq!(uploaded(&output), ["a[1].db", "a1.db"], "{}", stderr(&output));
    let output = folder.run(server.base(), &["--db", "a[1].db"]).await;
    assert_eq!((status(&output), result(&output).get("databases")), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_nothing_matches_uploads_nothing() {
    let (folder, server) = (Folder::with(&["a.db"]), TestServer::start(SCHEMA).await);
    for arguments in [&["--db", "b*.db"][..], &["--db", "a.db", "--db", "b*.db"], &["--db", "b*.db", "*.db"]]
    {
        for extra in [&[][..], &["--dry-run"]] {
            let output = folder.run(server.base(), &[arguments, extra].concat()).await;
            let errors = errors_of(&output);
            assert_eq!((status(&output), errors.len()), (2, 1), "{errors:?}");
            assert_eq!((errors[0].0.as_str(), errors[0].2.as_str()), ("DFQL_INVALID", "storage"));
            assert!(stderr(&output).contains("--db: no file matches `b*.db`"), "{}", stderr(&output));
        }
    }
    let output = folder.run(server.base(), &["--db", "a***.db"]).await;
    assert_eq!((status(&output), errors_of(&output).len()), (2, 1), "{}", stderr(&output));
}

/// On Windows links need a right that few users have.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn one_file_under_several_names_is_uploaded_once() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), TestServer::start(SCHEMA).await);
    std::os::unix::fs::symlink("a.db", folder.path().join("c.db")).unwrap();
    let output = folder.run(server.base(), &["--db", "*.db", "--db", "b.db", "--db", "./a.db"]).await;
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(uploaded(&output), ["a.db", "b.db"]);
    let words = stderr(&output);
    assert!(words.contains("warning: c.db is the same file as a.db: it is uploaded once"), "{words}");
    assert!(words.contains("warning: b.db is named twice: it is uploaded once"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_a_database_are_no_databases() {
    let (folder, server) = (Folder::with(&["a.db", "b.db"]), TestServer::start(SCHEMA).await);
    for beside in ["a.db-wal", "a.db-shm", "b.db-journal", "b.db.synctool-parts", "b.db.synctool-1of2"] {
        folder.write(beside, "");
    }
    for arguments in
        [&["--db", "*.db*"][..], &["--db", "a.db", "a.db-shm", "a.db-wal", "b.db", "b.db.synctool-parts"]]
    {
        let output = folder.run(server.base(), arguments).await;
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(uploaded(&output), ["a.db", "b.db"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_and_the_configuration_file_name_several_databases_too() {
    let folder = Folder::with(&["a.db", "b.db", "c,d.db"]);
    let server = TestServer::start(SCHEMA).await;
    let run = async |variable: Option<&str>, command: &[&str]| {
        let mut program = program(folder.path());
        program.envs(variable.map(|value| ("SYNCTOOL_DB", value)));
        program.env("SYNCTOOL_REMOTE", server.base()).env("SYNCTOOL_SCHEMA", "schema.json").args(command);
        tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
    };
    assert_eq!(uploaded(&run(Some("a.db, b.db"), &["cloneup"]).await), ["a.db", "b.db"]);
    assert_eq!(databases(&run(Some("[ab].db"), &["cloneup"]).await).len(), 2);
    // A file with a comma in its name is that file.
    assert_eq!(result(&run(Some("c,d.db"), &["cloneup"]).await)["ok"], true);
    folder.write("synctool.toml", "db = [\"a.db\", \"b*.db\"]\n");
    let output = run(None, &["cloneup"]).await;
    assert_eq!(databases(&output).len(), 2, "{}", stderr(&output));
    let output = run(Some("a.db"), &["cloneup"]).await;
    assert_eq!(result(&output).get("databases"), None, "the variable comes before the file");
    // The list is none for a command of one database.
    let output = run(None, &["verify"]).await;
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("--db is missing"), "{}", stderr(&output));
    let output = run(None, &["verify", "--db", "a.db", "--db", "b.db"]).await;
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("cannot be used multiple times"), "{}", stderr(&output));
}
