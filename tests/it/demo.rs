//! `synctool demo` uploads twice and shows that the server deduplicates. Not the page that
//! explains it (`docs`).

use serde_json::json;

use super::common::{database, result, status, stderr, synctool};

#[test]
fn demo_uploads_twice_and_reports_the_deduplication() {
    let offline = database();
    let output = synctool(&offline).args(["demo", "--dir", "shown"]).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let result = result(&output);
    assert_eq!(result["stats"]["resources"]["todos"], json!({"records": 3000, "mutations": 3000}));
    assert_eq!(result["stats"]["deletes"], json!({"mutations": 12}));
    let printed = stderr(&output);
    assert!(printed.contains("it deduplicated all 7,600 mutations"), "{printed}");
    let files = if cfg!(windows) {
        r"--db 'shown\app.db' --schema 'shown\schema.json'"
    } else {
        "--db shown/app.db --schema shown/schema.json"
    };
    assert!(printed.contains(&format!("synctool cloneup {files}")), "{printed}");
    let output = synctool(&offline).args(["demo", "--dir", "shown"]).output().unwrap();
    assert_eq!(status(&output), 3);
    assert!(stderr(&output).contains("name a new folder"), "{}", stderr(&output));
}
