//! The URLs of a server: the base that is accepted, the routes below it, and how a URL is shown
//! without secrets. Requests to them are sent in [`super::request`].

use std::net::IpAddr;

use reqwest::Url;

/// The base as a URL; `None` where it is not an http or https URL with a host.
pub(super) fn parse_base(base: &str) -> Option<Url> {
    let url = Url::parse(base).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// `<base>/<name>`, with one slash between them however the base ends.
pub(super) fn route(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{name}", base.path().trim_end_matches('/')));
    url
}

/// The bases that a person probably means who gives this one, the likeliest first: with `/datafn`,
/// without the last segment, or with `/datafn` instead of the whole path.
pub(super) fn nearby(base: &Url) -> Vec<Url> {
    let path = base.path().trim_end_matches('/');
    let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
    let paths = [Some(format!("{path}/datafn")), parent, Some("/datafn".to_owned())];
    let mut bases: Vec<Url> = Vec::new();
    for path in paths.into_iter().flatten() {
        let mut url = base.clone();
        url.set_path(&path);
        if url.path().trim_end_matches('/') != base.path().trim_end_matches('/') && !bases.contains(&url) {
            bases.push(url);
        }
    }
    bases
}

/// Whether a URL has a user or a password in it.
pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A URL as messages show it: without user, password, query and fragment, which may be secrets.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Whether the host is this machine: `localhost` or a loopback address (RFC 1122, section
/// 3.2.1.3; RFC 4291, section 2.5.3).
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_http_and_https_urls_only() {
        for base in ["", "h", "localhost:4400", "ftp://h/x", "/datafn", "http://"] {
            assert_eq!(parse_base(base), None, "{base}");
        }
        for base in ["http://h", "https://h:1/datafn"] {
            assert!(parse_base(base).is_some(), "{base}");
        }
    }

    #[test]
    fn a_route_is_added_with_one_slash_however_the_base_ends() {
        for base in ["http://h:1/datafn", "http://h:1/datafn/", "http://h:1/datafn//"] {
            let base = Url::parse(base).unwrap();
            assert_eq!(route(&base, "push").as_str(), "http://h:1/datafn/push");
        }
        assert_eq!(route(&Url::parse("http://h").unwrap(), "pull").as_str(), "http://h/pull");
    }

    #[test]
    fn the_bases_that_were_probably_meant_are_near_the_given_one() {
        for (base, expected) in [
            ("http://h:1", &["http://h:1/datafn"][..]),
            ("http://h:1/", &["http://h:1/datafn"]),
            ("http://h:1/datafn/", &["http://h:1/datafn/datafn", "http://h:1/"]),
            ("http://h:1/datafn/push", &["http://h:1/datafn/push/datafn", "http://h:1/datafn"]),
            ("http://h:1/api/v1", &["http://h:1/api/v1/datafn", "http://h:1/api", "http://h:1/datafn"]),
        ] {
            let bases = nearby(&Url::parse(base).unwrap());
            assert_eq!(bases.iter().map(Url::as_str).collect::<Vec<_>>(), expected, "{base}");
        }
    }

    #[test]
    fn a_shown_url_has_no_user_password_or_query() {
        let url = Url::parse("https://user:secret@h/datafn?key=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://h/datafn");
    }

    #[test]
    fn localhost_and_loopback_addresses_are_loopback() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://127.0.0.9", true),
            ("http://[::1]:1", true),
            ("http://example.org", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
