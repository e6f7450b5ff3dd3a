//! The routes of a server: push, pull, status and digest. How a request is sent is in
//! [`super::request`]; whether it is sent again is decided in [`crate::cloneup`].

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;

use super::backoff::Backoff;
use super::config::{ConfigError, RemoteConfig};
use super::encoding::{Compression, Encoding};
use super::error::RequestError;
use super::pace::{Pace, Turn};
use super::request::{Body, HttpClient, Request};
use super::url::{nearby, parse_base, route, shown};
use crate::protocol::{
    DigestQuery, PageEnd, PullAnswer, PullParts, PullRequest, PushAnswer, RawObject, ServerStatus,
};

/// The largest answer that is read, in bytes (contract 3.3).
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// The largest answer to `status` that is read, in bytes: it holds a few names and limits, and a
/// run does not depend on it.
const MAX_STATUS_BYTES: usize = 1024 * 1024;

/// The timeout for the status of a URL that was perhaps meant: only a suggestion depends on it.
const SUGGESTION_TIMEOUT: Duration = Duration::from_secs(5);

/// A server: its routes, and the HTTP client for them. A clone shares the connections and the pace.
#[derive(Clone)]
pub struct Remote {
    http: HttpClient,
    base: Url,
    push: Url,
    pull: Url,
    status: Url,
    digest: Url,
    fingerprint: String,
    destination: String,
    retry_delay: Duration,
    retry_max_delay: Duration,
    compression: Compression,
}

impl Remote {
    /// Makes the HTTP client; sends nothing.
    ///
    /// # Errors
    /// [`ConfigError`] when no client can be made from the settings: the base is not an http or
    /// https URL, two credentials are given, a header or the token cannot be sent, or the CA
    /// certificates, the client certificate or the proxy cannot be used.
    pub fn new(config: &RemoteConfig) -> Result<Self, ConfigError> {
        let base = parse_base(&config.base).ok_or(ConfigError::Url)?;
        config.check_credentials(&base)?;
        let certificate = config.client_certificate()?;
        Ok(Self {
            http: HttpClient::new(config, &base, certificate.as_ref())?,
            push: route(&base, "push"),
            pull: route(&base, "pull"),
            status: route(&base, "status"),
            digest: route(&base, "digest"),
            base,
            fingerprint: config.fingerprint(certificate.as_ref()),
            destination: config.destination(),
            retry_delay: config.retry_delay,
            retry_max_delay: config.retry_max_delay,
            compression: config.compression,
        })
    }

    /// The URL of pushes, without credentials or query.
    #[must_use]
    pub(crate) fn push_url(&self) -> String {
        shown(&self.push)
    }

    /// The URL of pulls, without credentials or query.
    #[must_use]
    pub(crate) fn pull_url(&self) -> String {
        shown(&self.pull)
    }

    /// The URL of the status, without credentials or query.
    #[must_use]
    pub(crate) fn status_url(&self) -> String {
        shown(&self.status)
    }

    /// The URL of comparisons, without credentials or query.
    #[must_use]
    pub(crate) fn digest_url(&self) -> String {
        shown(&self.digest)
    }

    /// The pace of all requests to the server.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        self.http.pace()
    }

    /// The same server at another pace, which others may share.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.http.set_pace(pace);
        self
    }

    /// A hash of everything that decides which server a request reaches and as whom: address,
    /// headers, token and client certificate. None of them can be derived from it.
    #[must_use]
    #[doc(hidden)]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A hash of everything that decides which server a request reaches, whatever the credentials.
    #[must_use]
    pub(crate) fn destination(&self) -> &str {
        &self.destination
    }

    /// Whether request bodies are compressed, and with what.
    #[must_use]
    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// The retry policy for this server's transport errors, with at most `max_retries` retries
    /// of one request.
    #[must_use]
    pub(crate) fn backoff(&self, max_retries: u32) -> Backoff {
        Backoff::new(self.retry_delay, self.retry_max_delay, max_retries)
    }

    /// Sends a push once, in its turn of the server's [`Pace`]. `body` is complete, and compressed with
    /// `encoding` if there is one.
    ///
    /// # Errors
    /// [`RequestError`] when there is no answer that names the mutations' outcomes.
    pub(crate) async fn push(
        &self,
        turn: Turn,
        body: Bytes,
        encoding: Option<Encoding>,
    ) -> Result<PushAnswer, RequestError> {
        let request = post("push", &self.push, body, encoding);
        let mut answer = self.http.send(turn, request, PushAnswer::from_raw).await?;
        for error in &mut answer.errors {
            self.http.redact(&mut error.body.message);
            self.http.redact(&mut error.body.path);
        }
        Ok(answer)
    }

    /// Requests a page of changes, once, in its turn of the server's [`Pace`].
    ///
    /// # Errors
    /// [`RequestError`] when the answer is not a page.
    pub(crate) async fn pull(&self, turn: Turn, request: &PullRequest) -> Result<PullAnswer, RequestError> {
        let body =
            serde_json::to_vec(request).expect("strings, integers and maps of them can be written as JSON");
        let sent = post("pull", &self.pull, body.into(), None);
        let find = |result: &RawObject<'_>, text: &str| PullParts::find(text, result);
        let (parts, text) = self.http.send_and_keep(turn, sent, find).await?;
        let mut page = parts.in_text(text);
        if let (PageEnd::Feed { reached, .. }, None) = (&mut page.end, &request.exclude_own_after) {
            // It answers `exclude_own_after`; without that, its meaning is unknown.
            *reached = None;
        }
        Ok(page)
    }

    /// Sends a request of a comparison (contract 3.8), once, in its turn of the server's [`Pace`]. `body`
    /// is the request as JSON, compressed with `encoding` if there is one. An answer of another form is a
    /// broken protocol: it is not worth another try.
    ///
    /// # Errors
    /// [`RequestError`] when there is no answer to the request.
    pub(crate) async fn digest<Q: DigestQuery>(
        &self,
        turn: Turn,
        query: &Q,
        body: Bytes,
        encoding: Option<Encoding>,
    ) -> Result<Q::Answer, RequestError> {
        let request = post("digest", &self.digest, body, encoding);
        let answer = self.http.send(turn, request, |result: &RawObject<'_>| query.read(result)).await;
        answer.map_err(RequestError::broken_where_neither_dialect)
    }

    /// Requests the server's capabilities and limits, once, in a turn of the server's [`Pace`]. An answer
    /// also shows that the server is reachable and accepts the credentials.
    ///
    /// # Errors
    /// [`RequestError`] when the server does not answer or refuses the request; a server without
    /// a `status` route answers with an error of its own.
    pub async fn status(&self) -> Result<ServerStatus, RequestError> {
        self.status_within(Duration::MAX).await
    }

    /// As [`Self::status`], with a limit for the request where that is shorter than the limit for all
    /// requests. The wait for its turn does not count.
    ///
    /// # Errors
    /// Those of [`Self::status`].
    pub(crate) async fn status_within(&self, timeout: Duration) -> Result<ServerStatus, RequestError> {
        self.status_at(&self.status, timeout).await
    }

    async fn status_at(&self, url: &Url, timeout: Duration) -> Result<ServerStatus, RequestError> {
        let request =
            Request { route: "status", url, body: None, max_answer_bytes: MAX_STATUS_BYTES, timeout };
        let turn = self.pace().turn().await;
        self.http.send(turn, request, |result: &RawObject<'_>| Ok(ServerStatus::from_raw(result))).await
    }

    /// The base that was probably meant where this one has no routes: the first of a few URLs near
    /// it whose `status` says something that only a sync server says. All have the same origin.
    /// `None` when there is none, or it does not answer soon.
    pub(crate) async fn suggest_base(&self) -> Option<String> {
        for base in nearby(&self.base) {
            let url = route(&base, "status");
            let answer = self.status_at(&url, SUGGESTION_TIMEOUT).await;
            if answer.is_ok_and(|status| status != ServerStatus::default()) {
                return Some(shown(&base));
            }
        }
        None
    }
}

/// Shows the address only, without credentials or query.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("push", &self.push_url()).finish_non_exhaustive()
    }
}

fn post<'u>(route: &'static str, url: &'u Url, bytes: Bytes, encoding: Option<Encoding>) -> Request<'u> {
    let body = Some(Body { bytes, encoding });
    Request { route, url, body, max_answer_bytes: MAX_ANSWER_BYTES, timeout: Duration::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_base_that_is_not_an_http_url() {
        for base in ["", "h", "localhost:4400", "ftp://h/x", "/datafn", "http://"] {
            let error = Remote::new(&RemoteConfig::new(base)).unwrap_err();
            assert!(matches!(error, ConfigError::Url), "{base}: {error:?}");
            assert_eq!(error.path(), "sync.remote");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let remote = Remote::new(&RemoteConfig::new("https://user:s3cr3t@h/datafn?key=s3cr3t")).unwrap();
        let text = format!("{remote:?}");
        assert!(text.contains("https://h/datafn/push") && !text.contains("s3cr3t"), "{text}");
    }
}
