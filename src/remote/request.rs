//! One HTTP request: sent, followed through redirects, its answer read up to a limit. What an
//! answer means is decided in [`super::classify`]; which requests there are, in
//! [`super::client`]; whether one is sent again, in [`crate::cloneup`].

use std::string::FromUtf8Error;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

use super::classify::{RawAnswer, neither_dialect, transport_error};
use super::client_certificate::ClientCertificate;
use super::config::{ConfigError, RemoteConfig};
use super::encoding::Encoding;
use super::error::{RequestError, TransportKind};
use super::pace::{Pace, Turn};
use super::proxy::Proxy;
use super::url::{is_loopback, shown};
use crate::protocol::{NeitherDialect, RawObject};
use crate::secret::Secret;

/// How many redirects are followed (contract 3.3).
const MAX_REDIRECTS: usize = 5;

/// How long an idle connection is kept for the next request. Servers close idle connections
/// after a while, and a request on a connection that is being closed fails. Also shorter than the
/// default timeout of a request, so that the runtime need not wake up for those timeouts.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends requests with the same headers and timeouts over a pool of connections.
#[derive(Debug, Clone)]
pub(super) struct HttpClient {
    client: Client,
    pace: Pace,
    /// The limit for one request, from connecting to the last byte of the answer, without the time that
    /// a limited bandwidth takes.
    timeout: Duration,
    /// The proxy's address, without user and password.
    proxy: Option<String>,
    /// Removed from every text of an answer, which may repeat them.
    secrets: Vec<Secret>,
}

/// One request.
pub(super) struct Request<'u> {
    /// The name of the route, such as `push`.
    pub(super) route: &'static str,
    pub(super) url: &'u Url,
    /// The body of a POST; without one the request is a GET.
    pub(super) body: Option<Body>,
    /// The largest answer that is read, in bytes after decompression.
    pub(super) max_answer_bytes: usize,
    /// The limit for this request, where it is shorter than that of all requests.
    pub(super) timeout: Duration,
}

/// A body of JSON.
pub(super) struct Body {
    /// The bytes as they are sent; a clone shares them.
    pub(super) bytes: Bytes,
    /// Their content coding.
    pub(super) encoding: Option<Encoding>,
}

impl HttpClient {
    /// Makes a client for the server at `base`; sends nothing.
    pub(super) fn new(
        config: &RemoteConfig,
        base: &Url,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Self, ConfigError> {
        // It fails only where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = config.header_map()?;
        if let Some(encoding) = config.compression.of_answers(is_loopback(base)) {
            headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static(encoding));
        }
        let mut builder = Client::builder()
            .default_headers(headers)
            // The environment is read where the proxy is chosen.
            .no_proxy()
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("synctool/", env!("CARGO_PKG_VERSION")));
        let proxy = config.proxy.proxy_for(base)?;
        if let Some(proxy) = &proxy {
            builder = builder.proxy(proxy.for_client().map_err(ConfigError::Client)?);
        }
        if let Some(certificate) = certificate {
            builder = builder.identity(certificate.for_client().map_err(ConfigError::Client)?);
        }
        let certificates = config.certificates()?;
        if !certificates.is_empty() {
            builder = builder.tls_certs_merge(certificates);
        } else if base.scheme() == "http" && proxy.is_none() {
            // A redirect stays at the origin, so nothing needs TLS: reading the certificates that the platform
            // trusts would take half of a small upload's time.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(ConfigError::Client)?;
        Ok(Self {
            client,
            pace: Pace::new(config.max_rate, config.max_bandwidth),
            timeout: config.timeout,
            secrets: config
                .token
                .clone()
                .into_iter()
                .chain(proxy.as_ref().and_then(Proxy::password))
                .collect(),
            proxy: proxy.map(|proxy| proxy.shown()),
        })
    }

    /// The pace of all requests.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Sends requests at another pace from now on.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// The proxy's address, without user and password.
    fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// Sends a request in its turn, follows redirects, each in a turn of its own, and reads and parses the
    /// answer.
    pub(super) async fn send<T>(
        &self,
        turn: Turn,
        request: Request<'_>,
        parse: impl Fn(&RawObject<'_>) -> Result<T, NeitherDialect>,
    ) -> Result<T, RequestError> {
        Ok(self.send_and_keep(turn, request, |result, _| parse(result)).await?.0)
    }

    /// The same for an answer whose text is kept beside what `parse` has found in it. `parse` gets the
    /// result inside the envelope, and the whole text.
    pub(super) async fn send_and_keep<T>(
        &self,
        turn: Turn,
        request: Request<'_>,
        parse: impl for<'t> Fn(&RawObject<'t>, &'t str) -> Result<T, NeitherDialect>,
    ) -> Result<(T, String), RequestError> {
        let answer = self.exchange(turn, &request).await?;
        self.parse(answer, &request, parse)
    }

    /// Sends a request and reads its answer. It is compiled once for all kinds of answers.
    async fn exchange(&self, mut turn: Turn, request: &Request<'_>) -> Result<Answer, RequestError> {
        let (mut target, start) = (request.url.clone(), Instant::now());
        let sent = request.body.as_ref().map_or(0, |body| body.bytes.len());
        for _ in 0..=MAX_REDIRECTS {
            let response = self.builder(&target, request, turn).send().await.map_err(|error| {
                let (error, elapsed_ms) = (self.failed(error), start.elapsed().as_millis());
                tracing::debug!(url = shown(&target), sent, elapsed_ms, %error, "failed");
                error
            })?;
            if !response.status().is_redirection() {
                let status = response.status();
                let answer = self.read(response, request).await;
                tracing::debug!(
                    url = shown(&target),
                    sent,
                    status = status.as_u16(),
                    elapsed_ms = start.elapsed().as_millis(),
                    "answered"
                );
                return answer;
            }
            target = redirected(&target, &response)?;
            turn = self.pace.turn().await;
        }
        let message = format!("more than {MAX_REDIRECTS} redirects");
        Err(RequestError::broken(TransportKind::Redirect, message))
    }

    /// The error of a request that failed before its answer was complete. It names the proxy, which may
    /// be what failed.
    fn failed(&self, error: reqwest::Error) -> RequestError {
        transport_error(error, self.proxy())
    }

    /// Replaces secrets in a text that the server wrote.
    pub(super) fn redact(&self, text: &mut String) {
        self.secrets.iter().for_each(|secret| secret.redact(text));
    }

    fn builder(&self, target: &Url, request: &Request<'_>, turn: Turn) -> RequestBuilder {
        let limit = self.timeout.min(request.timeout);
        let Some(body) = &request.body else { return self.client.get(target.clone()).timeout(limit) };
        let limit = limit.saturating_add(self.pace.time_to_send(body.bytes.len()));
        let json = HeaderValue::from_static("application/json");
        let mut builder = self.client.post(target.clone()).timeout(limit).header(CONTENT_TYPE, json);
        if let Some(encoding) = body.encoding {
            builder = builder.header(CONTENT_ENCODING, HeaderValue::from_static(encoding.as_str()));
        }
        builder.body(turn.body(body.bytes.clone()))
    }

    async fn read(&self, mut response: Response, request: &Request<'_>) -> Result<Answer, RequestError> {
        let (status, limit) = (response.status().as_u16(), request.max_answer_bytes);
        let headers = std::mem::take(response.headers_mut());
        // A vector that grows is up to twice as large as its content.
        let announced = response.content_length().and_then(|length| length.try_into().ok());
        let mut body = Vec::with_capacity(announced.filter(|length| *length <= limit).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len() + chunk.len() > limit {
                let message = format!("the answer is larger than {} MiB", limit / (1024 * 1024));
                return Err(RequestError::transient(TransportKind::AnswerTooLarge, message));
            }
            if body.capacity() - body.len() < chunk.len() {
                // A large answer is not copied again: what is not written of its space takes no memory.
                let capacity = (2 * body.capacity()).max(body.len() + chunk.len());
                body.reserve_exact(if capacity > limit / 8 { limit } else { capacity } - body.len());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    fn parse<T>(
        &self,
        Answer { status, headers, body }: Answer,
        request: &Request<'_>,
        parse: impl for<'t> Fn(&RawObject<'t>, &'t str) -> Result<T, NeitherDialect>,
    ) -> Result<(T, String), RequestError> {
        let text = String::from_utf8(body);
        let body = text.as_ref().map_or_else(FromUtf8Error::as_bytes, String::as_bytes);
        let answer = RawAnswer {
            route: request.route,
            status,
            retry_after: text_of(&headers, &RETRY_AFTER),
            date: text_of(&headers, &DATE),
            is_compressed: request.body.as_ref().is_some_and(|body| body.encoding.is_some()),
            body,
        };
        let parsed = answer.classify(SystemTime::now()).and_then(|result| {
            let text = text.as_deref().unwrap_or_default();
            parse(&result, text).map_err(|error| neither_dialect(&error))
        });
        match parsed {
            Ok(parsed) => Ok((parsed, text.unwrap_or_default())),
            Err(mut error) => {
                error.texts().for_each(|text| self.redact(text));
                // Over https the proxy cannot answer instead of the server.
                if let (Some(proxy), "http") = (self.proxy(), request.url.scheme()) {
                    error.went_through(proxy);
                }
                Err(error)
            }
        }
    }
}

/// A complete answer whose content is not looked at yet.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A header as text; `None` where it is missing or not ASCII.
fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The target of a redirect. Only 307 and 308 keep method and body (RFC 9110, section 15.4), and
/// only the same origin may see the credentials (contract 3.3).
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
