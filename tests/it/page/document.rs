//! `GET /`: one document that holds no data and may load nothing. Not what it shows (`shown`).

use std::path::Path;

use synctool::server::Limits;

use crate::common::{SCHEMA, TestServer, client};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_needs_no_token_and_may_load_nothing_from_elsewhere() {
    let server = TestServer::start_with(SCHEMA, Some("right"), Limits::default()).await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let response = client().get(server.url("/")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        for (name, expected) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(response.headers()[name], expected, "{name}");
        }
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let expected = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        );
        assert_eq!(policy, expected);
        let html = response.text().await.unwrap();
        assert!(html.contains(&format!("<style nonce=\"{nonce}\">")), "{html}");
        assert!(html.contains(&format!("<script nonce=\"{nonce}\">")), "{html}");
        assert!(html.contains(env!("CARGO_PKG_VERSION")));
        // Nothing is left of the places for the parts.
        assert!(!html.contains("{style}") && !html.contains("{script}") && !html.contains("{version}"));
        // The schema and the store are not in it.
        assert!(!html.contains("todos"), "{html}");
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
    let head = client().head(server.url("/")).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    let post = client().post(server.url("/")).send().await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
}

#[test]
fn no_script_makes_markup_out_of_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/page");
    let mut scripts = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "js" && extension != "html") {
            continue;
        }
        scripts += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "srcdoc",
            "eval(",
            "Function(",
            "setHTML",
            "localStorage",
            "sessionStorage",
            "document.cookie",
            "indexedDB",
            " style=",
            " onclick=",
            " onload=",
        ] {
            assert!(!text.contains(sink), "{sink} in {}", path.display());
        }
    }
    assert!(scripts >= 6, "{scripts}");
}
