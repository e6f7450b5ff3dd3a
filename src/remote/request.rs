//! One HTTP request: sent, followed through redirects, its answer read up to a limit. What an
//! answer means is decided in [`super::classify`]; which requests there are, in
//! [`super::client`]; whether one is sent again, in [`crate::cloneup`].

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

use super::classify::{RawAnswer, neither_dialect, transport_error};
use super::config::{ConfigError, RemoteConfig};
use super::encoding::Encoding;
use super::error::{RequestError, TransportKind};
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
    /// Removed from every text of an answer, which may repeat it.
    token: Option<Secret>,
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
    pub(super) fn new(config: &RemoteConfig, base: &Url) -> Result<Self, ConfigError> {
        // It fails only where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .default_headers(config.header_map()?)
            .timeout(config.timeout)
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("synctool/", env!("CARGO_PKG_VERSION")));
        if is_loopback(base) {
            // A proxy cannot reach this machine's own addresses.
            builder = builder.no_proxy();
        }
        let certificates = config.certificates()?;
        if !certificates.is_empty() {
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(ConfigError::Client)?;
        Ok(Self { client, token: config.token.clone() })
    }

    /// Sends a request, follows redirects, and reads and parses the answer.
    pub(super) async fn send<T>(
        &self,
        request: Request<'_>,
        parse: impl Fn(&RawObject<'_>) -> Result<T, NeitherDialect>,
    ) -> Result<T, RequestError> {
        let (mut target, start) = (request.url.clone(), Instant::now());
        let sent = request.body.as_ref().map_or(0, |body| body.bytes.len());
        for _ in 0..=MAX_REDIRECTS {
            let response = self.builder(&target, request.body.as_ref()).send().await.map_err(|error| {
                let (error, elapsed_ms) = (transport_error(error), start.elapsed().as_millis());
                tracing::debug!(url = shown(&target), sent, elapsed_ms, %error, "failed");
                error
            })?;
            if !response.status().is_redirection() {
                let status = response.status();
                let result = self.read(response, &request, &parse).await;
                tracing::debug!(
                    url = shown(&target),
                    sent,
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

    /// Replaces the token in a text that the server wrote.
    pub(super) fn redact(&self, text: &mut String) {
        if let Some(token) = &self.token {
            token.redact(text);
        }
    }

    fn builder(&self, target: &Url, body: Option<&Body>) -> RequestBuilder {
        let Some(body) = body else { return self.client.get(target.clone()) };
        let json = HeaderValue::from_static("application/json");
        let mut builder = self.client.post(target.clone()).header(CONTENT_TYPE, json);
        if let Some(encoding) = body.encoding {
            builder = builder.header(CONTENT_ENCODING, HeaderValue::from_static(encoding.as_str()));
        }
        builder.body(body.bytes.clone())
    }

    async fn read<T>(
        &self,
        mut response: Response,
        request: &Request<'_>,
        parse: impl Fn(&RawObject<'_>) -> Result<T, NeitherDialect>,
    ) -> Result<T, RequestError> {
        let (status, limit) = (response.status().as_u16(), request.max_answer_bytes);
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
            if body.len() + chunk.len() > limit {
                let message = format!("the answer is larger than {} MiB", limit / (1024 * 1024));
                return Err(RequestError::transient(TransportKind::AnswerTooLarge, message));
            }
            body.extend_from_slice(&chunk);
        }
        let answer = RawAnswer {
            route: request.route,
            status,
            retry_after: text_of(&headers, &RETRY_AFTER),
            date: text_of(&headers, &DATE),
            is_compressed: request.body.as_ref().is_some_and(|body| body.encoding.is_some()),
            body: &body,
        };
        let parsed = answer
            .classify(SystemTime::now())
            .and_then(|result| parse(&result).map_err(|error| neither_dialect(&error)));
        parsed.map_err(|mut error| {
            error.texts().for_each(|text| self.redact(text));
            error
        })
    }
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
