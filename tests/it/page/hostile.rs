//! Whatever clients send is shown as text: markup, scripts, control characters, other directions of
//! writing, and texts of any length. Not what the server answers to them (`hostile` beside this folder).

use serde_json::{Value, json};

use crate::common::browser::{Look, Tab};
use crate::common::{SCHEMA, TestServer};

const MARKUP: &str = "<img src=x onerror=\"document.title='owned'\">";
const SCRIPT: &str = "</script><script>document.title='owned'</script>";

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        MARKUP,
        SCRIPT,
        "\u{202e}gnp.exe",
        "a\u{0}b\r\n\tc\u{1b}[31m",
        "\u{200b}\u{feff}",
        "javascript:alert(1)",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend([
        "x".repeat(5000),
        format!("Z{}", "\u{301}".repeat(400)),
        "__proto__".to_owned(),
        "عربي".to_owned(),
    ]);
    texts
}

/// Sends each text as everything that a client can name.
pub(super) async fn push_hostile(server: &TestServer) {
    for text in hostile() {
        let mutation = |id: &str, resource: &str, record: Value| {
            json!({"clientId": text, "mutationId": format!("{id}{text}"), "resource": resource, "version": 1,
                "operation": "merge", "id": text, "record": record})
        };
        let mut fields = serde_json::Map::new();
        fields.insert(text.clone(), json!(text));
        let mutations = [
            mutation("1", "tags", json!({"label": text})),
            mutation("2", &text, json!({})),
            mutation("3", "tags", fields.into()),
        ];
        server.post("push", &json!({"clientId": text, "mutations": mutations})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_send_is_text() {
    let server = TestServer::start(SCHEMA).await;
    push_hostile(&server).await;
    let Some(tab) = Tab::open(&server.url("/"), Look::WIDE) else { return };
    tab.wait_for("document.getElementById('records').textContent === '10'").await;
    for (place, text) in [
        ("#newest", MARKUP),
        ("#newest", SCRIPT),
        ("#newest", r"\u202egnp.exe"),
        ("#newest", r"a\u0000b\u000d\u000a\u0009c\u001b[31m"),
        ("#newest", r"\u200b\ufeff"),
        ("#newest", "__proto__"),
        ("#uploads", MARKUP),
        ("#uploads", r"\u202egnp.exe"),
        ("#rejected", "Unknown field: javascript:alert(1)"),
        ("#rejected", &format!("3{}", r"\u200b\ufeff")),
    ] {
        assert!(tab.text(place).contains(text), "{text} in {place}: {}", tab.text(place));
    }
    assert_eq!(tab.evaluate("document.title"), "synctool serve");
    assert_eq!(tab.evaluate("document.querySelectorAll('img, iframe, object').length"), 0);
    assert_eq!(tab.evaluate("document.scripts.length"), 1);
    // No control character, and none that changes the direction of what follows.
    let unseen = r"/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/";
    assert_eq!(tab.evaluate(&format!("{unseen}.test(document.body.innerText)")), false);
    assert_eq!(tab.evaluate(r"/\p{M}{5}/u.test(document.body.innerText)"), false);
    // A long text is cut, and no row is higher than a few lines.
    assert_eq!(tab.evaluate("/x{300}/.test(document.body.innerText)"), false);
    let highest = tab.evaluate(
        "Math.max(...Array.from(document.querySelectorAll('tbody tr'), (row) => row.offsetHeight))",
    );
    assert!(highest.as_f64().unwrap() < 200.0, "{highest}");
    assert_eq!(tab.problems(), [] as [Value; 0]);
}
