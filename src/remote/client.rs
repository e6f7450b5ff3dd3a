//! One request to the server: sent, followed through redirects, read up to a limit.

use std::error::Error as _;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use super::backoff::Backoff;
use super::classify::RawAnswer;
use super::config::RemoteConfig;
use super::encoding::{Compression, Encoding};
use super::error::{RequestError, TransportKind};
use crate::protocol::{NeitherDialect, PullAnswer, PullRequest, PushAnswer, RawObject, ServerStatus};
use crate::secret::Secret;

/// The largest answer that is read (contract 3.3).
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// The largest status that is read: nothing depends on what a large one says.
const MAX_STATUS_BYTES: usize = 1024 * 1024;

/// How many redirects are followed (contract 3.3).
const MAX_REDIRECTS: usize = 5;

/// How long a connection is kept for the next request: servers close theirs after a while,
/// and one that is being closed fails the request that it is used for. Shorter than requests
/// may take, too, so that their timeouts need not wake the runtime.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// A server, ready to be spoken to.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client,
    push: Url,
    pull: Url,
    status: Url,
    fingerprint: String,
    /// Which no answer may give away that repeats it.
    token: Option<Secret>,
    retry_delay: Duration,
    retry_max_delay: Duration,
    compression: Compression,
}

/// Settings with which no server can be spoken to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The base is no http or https URL.
    #[error("the remote must be an http:// or https:// URL, such as https://example.org/datafn")]
    Url,
    /// A header's name or value cannot be sent; neither is shown, it may be a secret.
    #[error("the header {0} cannot be sent as it is")]
    Header(String),
    /// The token cannot be sent as a header.
    #[error("the token has characters that cannot be sent in a header")]
    Token,
    /// The file of certificates cannot be used.
    #[error("the CA certificates cannot be used: {0}")]
    Certificates(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl ConfigError {
    /// The option to blame, as a result's path names it (contract 3.5).
    #[must_use]
    pub fn path(&self) -> &'static str {
        match self {
            Self::Url | Self::Client(_) => "sync.remote",
            Self::Header(_) => "header",
            Self::Token => "tokenFile",
            Self::Certificates(_) => "caCert",
        }
    }
}

impl Remote {
    /// Prepares a client; sends nothing yet.
    ///
    /// # Errors
    /// [`ConfigError`] when the settings cannot be carried out.
    pub fn new(config: &RemoteConfig) -> Result<Self, ConfigError> {
        // Another part of the program may have chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = Url::parse(&config.base).map_err(|_| ConfigError::Url)?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(ConfigError::Url);
        }
        let mut builder = Client::builder()
            .default_headers(headers(config)?)
            .timeout(config.timeout)
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("synctool/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            // A proxy cannot reach this machine's own addresses.
            builder = builder.no_proxy();
        }
        if let Some(path) = &config.ca_cert {
            let failed = |error: &dyn std::fmt::Display| {
                ConfigError::Certificates(format!("{}: {error}", path.display()))
            };
            let pem = std::fs::read(path).map_err(|error| failed(&error))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| failed(&error))?;
            if certificates.is_empty() {
                return Err(failed(&"there is no PEM certificate in it"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| ConfigError::Client(chain(&error)))?;
        Ok(Self {
            client,
            push: route(&base, "push"),
            pull: route(&base, "pull"),
            status: route(&base, "status"),
            fingerprint: fingerprint(config),
            token: config.token.clone(),
            retry_delay: config.retry_delay,
            retry_max_delay: config.retry_max_delay,
            compression: config.compression,
        })
    }

    /// The address that pushes go to, without credentials or query.
    #[must_use]
    pub fn push_url(&self) -> String {
        shown(&self.push)
    }

    /// The address that pulls go to, without credentials or query.
    #[must_use]
    pub fn pull_url(&self) -> String {
        shown(&self.pull)
    }

    /// The address of the status, without credentials or query.
    #[must_use]
    pub fn status_url(&self) -> String {
        shown(&self.status)
    }

    /// A hash of everything that decides where a request arrives and as whose: address, headers
    /// and token, none of which can be told from it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether request bodies are to be compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// How this server's transport errors are retried.
    #[must_use]
    pub fn backoff(&self, max_retries: u32) -> Backoff {
        Backoff::new(self.retry_delay, self.retry_max_delay, max_retries)
    }

    /// Sends a batch whose body is ready, and compressed with `encoding` if there is one.
    ///
    /// # Errors
    /// [`RequestError`] when there is no answer about the mutations.
    pub async fn push(&self, body: Bytes, encoding: Option<Encoding>) -> Result<PushAnswer, RequestError> {
        let body = Some((body, encoding));
        let mut answer = self.send(&self.push, body, MAX_ANSWER_BYTES, PushAnswer::from_raw).await?;
        for error in &mut answer.errors {
            self.redact(&mut error.body.message);
            self.redact(&mut error.body.path);
        }
        Ok(answer)
    }

    /// Asks for a page of changes.
    ///
    /// # Errors
    /// [`RequestError`] when there is no page.
    pub async fn pull(&self, request: &PullRequest) -> Result<PullAnswer, RequestError> {
        // Strings, integers and maps of them cannot fail to be written.
        let body = serde_json::to_vec(request).unwrap_or_default();
        let body = Some((body.into(), None));
        let mut page = self.send(&self.pull, body, MAX_ANSWER_BYTES, PullAnswer::from_raw).await?;
        if let (PullAnswer::Feed { reached, .. }, None) = (&mut page, &request.exclude_own_after) {
            // Whatever a server means by it that was not asked.
            *reached = None;
        }
        Ok(page)
    }

    /// Asks what the server says about itself, and so whether it answers and takes the
    /// credentials.
    ///
    /// # Errors
    /// [`RequestError`] when it does not answer or refuses; a server without a `status` route
    /// answers with an error of its own.
    pub async fn status(&self) -> Result<ServerStatus, RequestError> {
        let read = |result: &RawObject<'_>| Ok(ServerStatus::from_raw(result));
        self.send(&self.status, None, MAX_STATUS_BYTES, read).await
    }

    /// Sends a request, with a body if it has one, follows redirects, and reads the answer.
    async fn send<T>(
        &self,
        url: &Url,
        body: Option<(Bytes, Option<Encoding>)>,
        limit: usize,
        parse: impl Fn(&RawObject<'_>) -> Result<T, NeitherDialect>,
    ) -> Result<T, RequestError> {
        let (mut target, start) = (url.clone(), Instant::now());
        let is_compressed = matches!(body, Some((_, Some(_))));
        for _ in 0..=MAX_REDIRECTS {
            let request = match &body {
                None => self.client.get(target.clone()),
                Some((body, encoding)) => {
                    let json = HeaderValue::from_static("application/json");
                    let request = self.client.post(target.clone()).header(CONTENT_TYPE, json);
                    let request = match encoding {
                        Some(encoding) => {
                            request.header(CONTENT_ENCODING, HeaderValue::from_static(encoding.as_str()))
                        }
                        None => request,
                    };
                    request.body(body.clone())
                }
            };
            let response = request.send().await.map_err(failed)?;
            if !response.status().is_redirection() {
                let status = response.status();
                let result = self.read(response, is_compressed, limit, &parse).await;
                tracing::debug!(
                    url = shown(&target),
                    sent = body.as_ref().map_or(0, |(body, _)| body.len()),
                    status = status.as_u16(),
                    elapsed_ms = start.elapsed().as_millis(),
                    "answered"
                );
                return result;
            }
            target = redirected(&target, &response)?;
        }
        let message = format!("more than {MAX_REDIRECTS} redirects");
        Err(RequestError::broken(TransportKind::Redirect, message))
    }

    fn redact(&self, text: &mut String) {
        if let Some(token) = &self.token {
            token.redact(text);
        }
    }

    async fn read<T>(
        &self,
        mut response: Response,
        is_compressed: bool,
        limit: usize,
        parse: impl Fn(&RawObject<'_>) -> Result<T, NeitherDialect>,
    ) -> Result<T, RequestError> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                let message = format!("the answer is larger than {} MiB", limit / (1024 * 1024));
                return Err(RequestError::transient(TransportKind::AnswerTooLarge, message));
            }
            body.extend_from_slice(&chunk);
        }
        let retry_after = retry_after.as_ref().and_then(|value| value.to_str().ok());
        let answer = RawAnswer { status, retry_after, is_compressed, body: &body };
        let parsed = answer
            .classify(SystemTime::now())
            .and_then(|result| parse(&result).map_err(|error| neither(&error)));
        parsed.map_err(|mut error| {
            error.texts().for_each(|text| self.redact(text));
            error
        })
    }
}

/// Where a redirect leads: only 307 and 308 keep method and body, and only the same origin
/// may see the credentials.
fn redirected(from: &Url, response: &Response) -> Result<Url, RequestError> {
    let status = response.status();
    let broken = |what: &str| {
        let message = format!("the server answers with {what} (HTTP {status})");
        Err(RequestError::broken(TransportKind::Redirect, message))
    };
    if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
        return broken("a redirect that would lose the request; is the remote's URL right?");
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(target) if target.origin() == from.origin() => Ok(target),
        Some(target) => broken(&format!(
            "a redirect to {}, another origin, which is not followed",
            target.origin().ascii_serialization()
        )),
        None => broken("a redirect that leads nowhere"),
    }
}

fn fingerprint(config: &RemoteConfig) -> String {
    let mut hasher = blake3::Hasher::new();
    let token = config.token.as_ref().map_or("", |token| token.expose());
    let headers = config.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for part in [config.base.as_str(), token].into_iter().chain(headers) {
        hasher.update(&part.len().to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn headers(config: &RemoteConfig) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let bad = || ConfigError::Header(name.clone());
        let name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| bad())?;
        // What somebody adds by hand is often a key.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    if let Some(token) = &config.token {
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| ConfigError::Token)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// `<base>/<name>`, however the base ends.
fn route(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{name}", base.path().trim_end_matches('/')));
    url
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

fn neither(error: &NeitherDialect) -> RequestError {
    RequestError::transient(TransportKind::NeitherDialect, format!("an answer of neither dialect: {error}"))
}

fn failed(error: reqwest::Error) -> RequestError {
    let (kind, what) = if error.is_timeout() {
        (TransportKind::Timeout, "no answer in time")
    } else if error.is_connect() {
        (TransportKind::Connect, "cannot connect")
    } else {
        (TransportKind::Connection, "the connection failed")
    };
    let error = error.without_url();
    let cause = chain(&error);
    // Neither side of a mistaken scheme says so in plain words.
    let hint = if cause.contains("invalid HTTP version") {
        " (the answer is no HTTP: does the server speak TLS? Then its URL begins with https://)"
    } else if cause.contains("CaUsedAsEndEntity") {
        " (the server shows a CA's certificate as its own; it needs one with CA:FALSE)"
    } else if cause.contains("InvalidContentType") {
        " (the answer is no TLS: does the server speak plain HTTP? Then its URL begins with http://)"
    } else {
        ""
    };
    // The layers between say only that the one below has failed.
    let root = root_cause(&error);
    RequestError::transient(kind, format!("{what}: {root}{hint}"))
}

/// A URL without the parts that may be secrets.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// What led to an error in the first place.
fn root_cause(error: &reqwest::Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// An error and everything that led to it, without repetitions.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_hang_on_the_base_however_it_ends() {
        for base in ["http://h:1/datafn", "http://h:1/datafn/", "http://h:1/datafn//"] {
            let base = Url::parse(base).unwrap();
            assert_eq!(route(&base, "push").as_str(), "http://h:1/datafn/push");
        }
        assert_eq!(route(&Url::parse("http://h").unwrap(), "pull").as_str(), "http://h/pull");
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for base in ["", "h", "localhost:4400", "ftp://h/x", "/datafn", "http://"] {
            let error = Remote::new(&RemoteConfig::new(base)).unwrap_err();
            assert_eq!(error, ConfigError::Url, "{base}");
        }
    }

    #[test]
    fn no_message_shows_user_password_or_query() {
        let url = Url::parse("https://user:secret@h/datafn?key=secret").unwrap();
        assert_eq!(shown(&url), "https://h/datafn");
    }

    #[test]
    fn loopback_is_this_machine_by_name_or_number() {
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
