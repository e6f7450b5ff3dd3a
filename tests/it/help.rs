//! The help texts equal their snapshots. Not the files generated from the same
//! definition (`generated`).

use super::common::{database, status, synctool};

#[test]
fn help_texts_match_their_snapshots() {
    let offline = database();
    for arguments in [
        vec!["--help"],
        vec!["cloneup", "-h"],
        vec!["clone", "--help"],
        vec!["serve", "--help"],
        vec!["demo", "--help"],
    ] {
        let output = synctool(&offline).args(&arguments).env("COLUMNS", "80").output().unwrap();
        assert_eq!(status(&output), 0);
        // The name of the program is that of its file.
        let text = String::from_utf8(output.stdout).unwrap().replace("synctool.exe", "synctool");
        insta::assert_snapshot!(arguments.join(" "), text);
    }
}
