//! The document of the page. It holds no data, so it needs no token; what it shows comes from
//! [`super::events`].

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

/// The markup, with a place for each of the other parts.
const HTML: &str = include_str!("page.html");

const CSS: &str = include_str!("page.css");

/// The scripts, each of which uses only those before it.
const SCRIPTS: [&str; 5] = [
    include_str!("text.js"),
    include_str!("curve.js"),
    include_str!("tables.js"),
    include_str!("events.js"),
    include_str!("page.js"),
];

/// Only a page of this origin may read it, also where a proxy adds headers that say otherwise.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// `GET /`.
pub(in crate::server) async fn document() -> Response {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let html = HTML
        .replace("{style}", &format!("<style nonce=\"{nonce}\">\n{CSS}</style>"))
        .replace(
            "{script}",
            &format!("<script nonce=\"{nonce}\">\n'use strict';\n{}</script>", SCRIPTS.concat()),
        )
        .replace("{version}", env!("CARGO_PKG_VERSION"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy(&nonce)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (headers, html).into_response()
}

/// The `Content-Security-Policy`: this style and these scripts, requests to this server, an icon in the
/// document itself, and nothing else. Scripts cannot make markup out of text.
fn policy(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    HeaderValue::try_from(policy).expect("a nonce has hexadecimal digits only")
}
