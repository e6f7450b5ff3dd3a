//! The proxy that requests go through (contract 3.10): the one that is given, else the one that the
//! environment names, and none for loopback. The requests are sent in [`super::request`].

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::Url;

use super::url::is_loopback;
use crate::secret::Secret;

/// Which proxy requests go through. Loopback is never proxied.
#[derive(Debug, Clone, Default)]
pub enum ProxySetting {
    /// The one that `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, names, in upper or lower case, unless
    /// `NO_PROXY` has the host.
    #[default]
    Environment,
    /// None.
    Direct,
    /// The one at this URL, which may hold a user and a password.
    Url(Secret),
}

/// A proxy cannot be used. Its URL is not part of the message: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "{origin} must be a URL such as http://proxy.example.org:3128, with http, https, socks4, socks4a, socks5 or socks5h"
)]
pub struct ProxyError {
    /// The option, or the variable, that names the proxy.
    origin: &'static str,
}

/// The proxy for one server.
#[derive(Clone)]
pub(super) struct Proxy {
    intercept: Intercept,
}

impl ProxySetting {
    /// The proxy for the server at `base`; `None` where requests go to it directly.
    ///
    /// # Errors
    /// [`ProxyError`] for a URL that names no proxy.
    pub(super) fn proxy_for(&self, base: &Url) -> Result<Option<Proxy>, ProxyError> {
        match self {
            Self::Direct => Ok(None),
            Self::Url(url) => {
                let proxy = proxy(url.expose(), "", base).ok_or(ProxyError { origin: "proxy" })?;
                Ok(Some(proxy).filter(|_| !is_loopback(base)))
            }
            Self::Environment if is_loopback(base) => Ok(None),
            Self::Environment => from_variables(base, |name| std::env::var(name).ok()),
        }
    }
}

/// The proxy that variables name.
fn from_variables(
    base: &Url,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ProxyError> {
    let own: [&str; 2] = match base.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy"],
        // In a CGI script it is the header `Proxy` of the request (CVE-2016-5385).
        _ if variable("REQUEST_METHOD").is_some() => ["http_proxy", "http_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    let set = |name: &&'static str| {
        let value = variable(name).filter(|value| !value.trim().is_empty());
        value.map(|value| (*name, value))
    };
    let Some((origin, url)) = own.iter().chain(&["ALL_PROXY", "all_proxy"]).find_map(set) else {
        return Ok(None);
    };
    if proxy(&url, "", base).is_none() {
        return Err(ProxyError { origin });
    }
    let exceptions = ["NO_PROXY", "no_proxy"].iter().find_map(set).map_or_else(String::new, |(_, list)| list);
    Ok(proxy(&url, &exceptions, base))
}

/// The proxy at a URL for the server at `base`; `None` where `exceptions` has its host, or where the URL
/// names no proxy.
fn proxy(url: &str, exceptions: &str, base: &Url) -> Option<Proxy> {
    let url = url.trim();
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    // The matcher is less strict: it takes any port.
    Url::parse(&url).ok().filter(Url::has_host)?;
    let matcher = Matcher::builder().all(url).no(exceptions.to_owned()).build();
    matcher.intercept(&base.origin().ascii_serialization().parse().ok()?).map(|intercept| Proxy { intercept })
}

impl Proxy {
    /// The address as messages show it, without user and password.
    pub(super) fn shown(&self) -> String {
        self.intercept.uri().to_string().trim_end_matches('/').to_owned()
    }

    /// The password, if the URL has one.
    pub(super) fn password(&self) -> Option<Secret> {
        if let Some((_, password)) = self.intercept.raw_auth() {
            return Some(Secret::new(password));
        }
        let header = self.intercept.basic_auth()?.to_str().ok()?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(BASE64_STANDARD.decode(header).ok()?).ok()?;
        decoded.split_once(':').map(|(_, password)| Secret::new(password))
    }

    /// The proxy as the HTTP client takes it.
    pub(super) fn for_client(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.intercept.uri().to_string())?;
        Ok(match (self.intercept.basic_auth(), self.intercept.raw_auth()) {
            (Some(header), _) => proxy.custom_http_auth(header.clone()),
            (None, Some((user, password))) => proxy.basic_auth(user, password),
            (None, None) => proxy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// The address of the proxy that variables name for a server.
    fn named(base: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        from_variables(&url(base), variable).unwrap().map(|proxy| proxy.shown())
    }

    #[test]
    fn the_variable_of_the_scheme_comes_before_the_general_one_in_upper_and_lower_case() {
        let (one, other) = ("http://one:1", "http://other:2");
        for (base, variables, expected) in [
            ("https://h", &[("HTTPS_PROXY", one), ("ALL_PROXY", other)][..], Some(one)),
            ("https://h", &[("https_proxy", one), ("all_proxy", other)], Some(one)),
            ("https://h", &[("HTTP_PROXY", one)], None),
            ("http://h", &[("HTTP_PROXY", one), ("HTTPS_PROXY", other)], Some(one)),
            ("http://h", &[("http_proxy", one)], Some(one)),
            ("http://h", &[("HTTP_PROXY", ""), ("all_proxy", other)], Some(other)),
            ("http://h", &[("HTTP_PROXY", one), ("REQUEST_METHOD", "GET")], None),
            ("http://h", &[("ALL_PROXY", "socks5h://one:1")], Some("socks5h://one:1")),
            ("http://h", &[("ALL_PROXY", "one:1")], Some(one)),
            ("http://h", &[], None),
        ] {
            assert_eq!(named(base, variables).as_deref(), expected, "{base} {variables:?}");
        }
    }

    #[test]
    fn no_proxy_has_names_with_their_subdomains_and_addresses_with_networks() {
        for (host, list, is_proxied) in [
            ("sync.example.org", "example.org", false),
            ("sync.example.org", "x, .example.org", false),
            ("notexample.org", "example.org", true),
            ("10.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "10.0.0.0/8", true),
            ("h", "*", false),
            ("h", "", true),
        ] {
            let base = format!("https://{host}/datafn");
            for name in ["NO_PROXY", "no_proxy"] {
                let found = named(&base, &[("HTTPS_PROXY", "http://p:1"), (name, list)]);
                assert_eq!(found.is_some(), is_proxied, "{host} {list}");
            }
        }
    }

    #[test]
    fn loopback_is_never_proxied_and_an_unusable_url_is_an_error_all_the_same() {
        let given = |text: &str| ProxySetting::Url(Secret::new(text));
        assert!(given("http://p:1").proxy_for(&url("http://127.0.0.1:4400")).unwrap().is_none());
        assert!(given("http://p:1").proxy_for(&url("http://h")).unwrap().is_some());
        for text in ["ftp://p:1", "http://", "http://p:x", "", "/p", "http://us er:s3cr3t@p:1"] {
            for base in ["http://localhost", "http://h"] {
                let result = given(text).proxy_for(&url(base)).map(|_| ());
                let Err(error) = result.map_err(|error| error.to_string()) else {
                    panic!("{text} for {base}")
                };
                assert!(error.starts_with("proxy must be a URL") && !error.contains("s3cr3t"), "{error}");
            }
        }
        let variable = |name: &str| (name == "https_proxy").then(|| "ftp://user:s3cr3t@p".to_owned());
        let error = from_variables(&url("https://h"), variable).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("https_proxy must be") && !error.contains("s3cr3t"), "{error}");
    }

    #[test]
    fn the_shown_address_has_no_user_and_password_and_the_password_is_known_decoded() {
        for (text, shown) in [
            ("http://user:s3cr%3Dt@p:3128/", "http://p:3128"),
            ("user:s3cr%3Dt@p:3128", "http://p:3128"),
            ("socks5://user:s3cr%3Dt@p", "socks5://p"),
        ] {
            let proxy = proxy(text, "", &url("https://h")).unwrap();
            assert_eq!(proxy.shown(), shown);
            assert_eq!(proxy.password(), Some(Secret::new("s3cr=t")), "{text}");
        }
    }
}
