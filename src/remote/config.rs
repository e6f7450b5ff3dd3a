//! The settings of a server (address, credentials, timeouts, pace, certificates, proxy) and what can be
//! wrong with them. The HTTP client is made from them in [`super::request`]; flags and environment are
//! read in `cli`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Url};

use super::client_certificate::{ClientCertificate, ClientCertificateError};
use super::encoding::Compression;
use super::error::chain;
use super::pace::Rate;
use super::proxy::{ProxyError, ProxySetting};
use super::url::{has_credentials, is_loopback, parse_base, shown};
use crate::secret::Secret;

/// The settings of a [`super::Remote`].
///
/// Its `Debug` output shows neither the token, nor the headers' values, nor what may be secret
/// in the address.
#[derive(Clone)]
#[non_exhaustive]
pub struct RemoteConfig {
    /// The base URL to which the routes are added, such as `http://127.0.0.1:4400/datafn`.
    pub base: String,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<Secret>,
    /// Sent with every request: name and value.
    pub headers: Vec<(String, String)>,
    /// The limit for one request, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// The limit for making one connection, TLS handshake included.
    pub connect_timeout: Duration,
    /// The upper bound of the first pause before a retry; it doubles with every further retry.
    pub retry_delay: Duration,
    /// The upper bound of every pause before a retry, unless the server asks for a longer one.
    pub retry_max_delay: Duration,
    /// A PEM file with certificates to trust in addition to the platform's.
    pub ca_cert: Option<PathBuf>,
    /// A PEM file with the client's certificate for mutual TLS, and those that have issued it.
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the key of `client_cert`; without it, the key is in the same file.
    pub client_key: Option<PathBuf>,
    /// The proxy that requests go through.
    pub proxy: ProxySetting,
    /// The maximum number of requests a second, of all kinds and retries together.
    pub max_rate: Option<Rate>,
    /// The maximum number of bytes of request bodies a second, after compression.
    pub max_bandwidth: Option<NonZeroUsize>,
    /// Whether request bodies and answers are compressed, and with what.
    pub compression: Compression,
}

/// Settings from which no HTTP client can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The base is not an http or https URL.
    #[error("the remote must be an http:// or https:// URL, such as https://example.org/datafn")]
    Url,
    /// The header of this name cannot be sent: its name or its value has a character that HTTP
    /// does not allow. The value is not shown: it may be a secret.
    #[error("the header {0} cannot be sent as it is")]
    Header(String),
    /// The token has a character that HTTP does not allow in a header.
    #[error("the token has characters that cannot be sent in a header")]
    Token,
    /// Two credentials are given, and a request can carry only one: both are the header
    /// `Authorization`.
    #[error("{first} and {second} are both given, and a request can carry only one: leave one out")]
    TwoCredentials {
        /// Where one of them is.
        first: &'static str,
        /// Where the other is.
        second: &'static str,
    },
    /// The file of CA certificates cannot be read.
    #[error("the CA certificates cannot be used: {}: {source}", path.display())]
    UnreadableCertificates {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The file of CA certificates is not valid PEM.
    #[error("the CA certificates cannot be used: {}: {source}", path.display())]
    InvalidCertificates {
        /// The file.
        path: PathBuf,
        /// Why it cannot be parsed.
        source: reqwest::Error,
    },
    /// The file of CA certificates is empty, or holds something else.
    #[error("the CA certificates cannot be used: {}: there is no PEM certificate in it", path.display())]
    NoCertificates {
        /// The file.
        path: PathBuf,
    },
    /// The client certificate or its key cannot be used.
    #[error(transparent)]
    ClientCertificate(#[from] ClientCertificateError),
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {}", chain(.0))]
    Client(#[source] reqwest::Error),
}

impl ConfigError {
    /// The path of the option that is wrong, as a result's errors name it (contract 3.5).
    #[must_use]
    pub fn path(&self) -> &'static str {
        match self {
            Self::Url | Self::TwoCredentials { .. } | Self::Client(_) => "sync.remote",
            Self::Header(_) => "header",
            Self::Token => "tokenFile",
            Self::UnreadableCertificates { .. }
            | Self::InvalidCertificates { .. }
            | Self::NoCertificates { .. } => "caCert",
            Self::ClientCertificate(_) => "clientCert",
            Self::Proxy(_) => "proxy",
        }
    }
}

impl RemoteConfig {
    /// The settings of a server with the contract's defaults (section 3).
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            token: None,
            headers: Vec::new(),
            timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            retry_delay: Duration::from_secs(1),
            retry_max_delay: Duration::from_secs(30),
            ca_cert: None,
            client_cert: None,
            client_key: None,
            proxy: ProxySetting::default(),
            max_rate: None,
            max_bandwidth: None,
            compression: Compression::Auto,
        }
    }

    /// Whether a client certificate is given and no server asks for it: there is no TLS over plain http.
    #[must_use]
    pub fn has_useless_certificate(&self) -> bool {
        let url = Url::parse(&self.base);
        self.client_cert.is_some() && url.is_ok_and(|url| url.scheme() == "http")
    }

    /// Whether others on the network can read the token: plain http to another machine.
    #[must_use]
    pub fn sends_token_in_the_clear(&self) -> bool {
        let url = Url::parse(&self.base);
        self.token.is_some() && url.is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url))
    }

    /// A hash of everything that decides which server a request reaches and as whom: address,
    /// headers, token and client certificate. None of them can be derived from it.
    pub(super) fn fingerprint(&self, certificate: Option<&ClientCertificate>) -> String {
        let token = self.token.as_ref().map_or("", |token| token.expose());
        let headers = self.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let parts = [self.base.as_str(), token].into_iter().chain(headers).map(str::as_bytes);
        hash(parts.chain(certificate.map(ClientCertificate::own)))
    }

    /// A hash of everything that decides which server a request reaches, whatever the credentials:
    /// those of one job may have expired before the next job begins.
    pub(super) fn destination(&self) -> String {
        let is_credential = |name: &str| name.eq_ignore_ascii_case("authorization");
        let headers = self.headers.iter().filter(|(name, _)| !is_credential(name));
        let headers = headers.flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        hash([self.base.as_str()].into_iter().chain(headers).map(str::as_bytes))
    }

    /// Refuses two or more credentials: only one would be sent.
    pub(super) fn check_credentials(&self, base: &Url) -> Result<(), ConfigError> {
        let is_authorization =
            |(name, _): &(String, String)| name.eq_ignore_ascii_case(AUTHORIZATION.as_str());
        let given = [
            (has_credentials(base), "the user and password in the remote's URL"),
            (self.token.is_some(), "the token (SYNCTOOL_TOKEN, --token-file or --token-command)"),
            (self.headers.iter().any(is_authorization), "the header Authorization (--header)"),
        ];
        let mut given = given.into_iter().filter_map(|(is_given, what)| is_given.then_some(what));
        match (given.next(), given.next()) {
            (Some(first), Some(second)) => Err(ConfigError::TwoCredentials { first, second }),
            _ => Ok(()),
        }
    }

    /// The headers of every request, marked as sensitive so that no log shows their values.
    pub(super) fn header_map(&self) -> Result<HeaderMap, ConfigError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let invalid = || ConfigError::Header(name.clone());
            let name = HeaderName::try_from(name.as_str()).map_err(|_| invalid())?;
            let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| invalid())?;
            // A header that a person adds is often an API key.
            value.set_sensitive(true);
            headers.append(name, value);
        }
        if let Some(token) = &self.token {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
                .map_err(|_| ConfigError::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }

    /// The certificates of `ca_cert`; none when no file is given.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, ConfigError> {
        let Some(path) = &self.ca_cert else { return Ok(Vec::new()) };
        let pem = std::fs::read(path)
            .map_err(|source| ConfigError::UnreadableCertificates { path: path.clone(), source })?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .map_err(|source| ConfigError::InvalidCertificates { path: path.clone(), source })?;
        if certificates.is_empty() {
            return Err(ConfigError::NoCertificates { path: path.clone() });
        }
        Ok(certificates)
    }

    /// The client certificate; `None` when none is given.
    pub(super) fn client_certificate(&self) -> Result<Option<ClientCertificate>, ClientCertificateError> {
        match (&self.client_cert, &self.client_key) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(ClientCertificateError::NoCertificateFile),
            (Some(certificate), key) => ClientCertificate::read(certificate, key.as_deref()).map(Some),
        }
    }
}

impl fmt::Debug for RemoteConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = parse_base(&self.base).map_or_else(|| "<not a URL>".to_owned(), |url| shown(&url));
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("RemoteConfig")
            .field("base", &base)
            .field("token", &self.token)
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("retry_delay", &self.retry_delay)
            .field("retry_max_delay", &self.retry_max_delay)
            .field("ca_cert", &self.ca_cert)
            .field("client_cert", &self.client_cert)
            .field("client_key", &self.client_key)
            .field("proxy", &self.proxy)
            .field("max_rate", &self.max_rate)
            .field("max_bandwidth", &self.max_bandwidth)
            .field("compression", &self.compression)
            .finish()
    }
}

/// A hash from which none of its parts can be derived, as hexadecimal digits.
fn hash<'p>(parts: impl Iterator<Item = &'p [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_secret() {
        let mut config = RemoteConfig::new("https://user:s3cr3t@h/datafn?key=s3cr3t");
        config.token = Some(Secret::new("s3cr3t"));
        config.headers.push(("X-Api-Key".to_owned(), "s3cr3t".to_owned()));
        config.proxy = ProxySetting::Url(Secret::new("http://user:s3cr3t@proxy:3128"));
        let text = format!("{config:?}");
        assert!(text.contains("https://h/datafn") && text.contains("X-Api-Key"), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }

    #[test]
    fn two_credentials_are_refused_and_both_are_named() {
        let check = |base: &str, token: Option<&str>, header: Option<&str>| {
            let mut config = RemoteConfig::new(base);
            config.token = token.map(Secret::new);
            config.headers.extend(header.map(|name| (name.to_owned(), "s3cr3t".to_owned())));
            config.check_credentials(&Url::parse(base).unwrap())
        };
        let (user, plain) = ("https://user:s3cr3t@h/datafn", "https://h/datafn");
        for (base, token, header, named) in [
            (user, Some("s3cr3t"), None, ["URL", "token"]),
            ("https://user@h", Some("s3cr3t"), None, ["URL", "token"]),
            ("https://:s3cr3t@h", None, Some("authorization"), ["URL", "Authorization"]),
            (plain, Some("s3cr3t"), Some("AUTHORIZATION"), ["token", "Authorization"]),
        ] {
            let error = check(base, token, header).unwrap_err();
            assert_eq!(error.path(), "sync.remote");
            let text = error.to_string();
            assert!(named.iter().all(|name| text.contains(name)) && !text.contains("s3cr3t"), "{text}");
        }
        for (base, token, header) in [
            (user, None, Some("X-Api-Key")),
            (plain, Some("s3cr3t"), Some("X-Authorization")),
            (plain, None, Some("Authorization")),
        ] {
            assert!(check(base, token, header).is_ok(), "{base} {token:?} {header:?}");
        }
    }

    #[test]
    fn headers_are_sensitive_and_invalid_ones_are_named() {
        let mut config = RemoteConfig::new("http://h");
        config.token = Some(Secret::new("s3cr3t"));
        config.headers.push(("X-Api-Key".to_owned(), "s3cr3t".to_owned()));
        let headers = config.header_map().unwrap();
        assert_eq!(headers.len(), 2);
        assert!(headers.values().all(HeaderValue::is_sensitive));

        config.headers.push(("X-Bad".to_owned(), "a\nb".to_owned()));
        let error = config.header_map().unwrap_err();
        assert!(matches!(&error, ConfigError::Header(name) if name == "X-Bad"), "{error:?}");
        config.headers.clear();
        config.token = Some(Secret::new("a\nb"));
        let error = config.header_map().unwrap_err();
        assert!(matches!(error, ConfigError::Token), "{error:?}");
    }

    #[test]
    fn unusable_certificate_files_have_different_errors_and_keep_their_cause() {
        use std::error::Error as _;

        let folder = tempfile::tempdir().unwrap();
        let mut config = RemoteConfig::new("https://h");
        let mut fail = |name: &str, content: Option<&str>| {
            let path = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            config.ca_cert = Some(path);
            let error = config.certificates().unwrap_err();
            assert_eq!(error.path(), "caCert");
            let text = error.to_string();
            assert!(
                text.starts_with("the CA certificates cannot be used: ") && text.contains(name),
                "{text}"
            );
            error
        };
        let error = fail("missing.pem", None);
        assert!(matches!(error, ConfigError::UnreadableCertificates { .. }), "{error:?}");
        assert!(error.source().unwrap().is::<io::Error>());
        let error = fail("empty.pem", Some(""));
        assert!(matches!(error, ConfigError::NoCertificates { .. }), "{error:?}");
        let error = fail("broken.pem", Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"));
        assert!(matches!(error, ConfigError::InvalidCertificates { .. }), "{error:?}");
        assert!(error.source().unwrap().is::<reqwest::Error>());
    }
}
