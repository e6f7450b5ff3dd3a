//! What an answer means (contract 3.3): a pure function of status, headers and body; and the error of a
//! connection that failed before there was an answer. Nothing is sent or read here: that is in
//! [`super::request`].

use std::time::{Duration, SystemTime};

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::error::{Excess, RequestError, TransportError, TransportKind, causes};
use super::words::server_words;
use crate::protocol::{Envelope, ErrorBody, NeitherDialect, ROOT_PATH, RawObject, code};

/// The statuses that mean "try again later", whatever the body (contract 3.3).
const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// The statuses that mean "there is no such route here", unless the body is an error about the
/// request itself (contract 3.3).
const NO_ROUTE: [u16; 4] = [404, 405, 410, 501];

/// How many characters of a body that is not JSON a message shows.
const EXCERPT_CHARS: usize = 60;

/// The hint for an answer to TLS that is none.
const NO_TLS_HINT: &str =
    " (the answer is no TLS: does the server speak plain HTTP? Then its URL begins with http://)";

/// The error of a proxy that asks for credentials.
const PROXY_CREDENTIALS: &str =
    "HTTP 407: the proxy does not accept the user and the password in its URL, or needs some";

/// The hint for a server that refuses the client's certificate, or that there is none.
const CLIENT_CERTIFICATE_HINT: &str =
    " (the server does not accept the client's certificate: --client-cert and --client-key name one)";

/// The hint for an answer to plain HTTP that is none.
const NO_HTTP_HINT: &str =
    " (the answer is no HTTP: does the server speak TLS? Then its URL begins with https://)";

/// The parts of a complete answer from which its meaning follows.
pub(super) struct RawAnswer<'a> {
    /// The name of the route that was asked for, such as `push`.
    pub(super) route: &'static str,
    /// The HTTP status; not a redirect.
    pub(super) status: u16,
    /// The value of `Retry-After`.
    pub(super) retry_after: Option<&'a str>,
    /// The value of `Date`: the server's clock when it wrote the answer.
    pub(super) date: Option<&'a str>,
    /// Whether the body of the request was compressed.
    pub(super) is_compressed: bool,
    /// The body, decompressed.
    pub(super) body: &'a [u8],
}

impl<'a> RawAnswer<'a> {
    /// The result inside a successful answer. A date in `Retry-After` is relative to the server's
    /// clock in `Date`; `now` is the local clock, for answers without it.
    ///
    /// # Errors
    /// The [`RequestError`] that the contract assigns to the answer.
    pub(super) fn classify(&self, now: SystemTime) -> Result<RawObject<'a>, RequestError> {
        let (envelope, is_json) = match std::str::from_utf8(self.body).map(RawObject::read) {
            Ok(Ok(answer)) => (Envelope::read(answer), true),
            Ok(Err(error)) if error.is_data() => (Err(NeitherDialect::new(error.to_string())), true),
            Ok(Err(error)) => (Err(not_json(self.body, error.is_eof())), false),
            Err(_) => (Err(not_json(self.body, false)), false),
        };
        let server_error = || match &envelope {
            Ok(Envelope::Failure(body)) => Some(body.clone()),
            _ => None,
        };
        // An error that is no envelope of the protocol has words too.
        let said = match (&envelope, self.status) {
            (_, 200..300) => None,
            (Ok(Envelope::Failure(body)), _) => Some(body.message.clone()).filter(|words| !words.is_empty()),
            _ => server_words(self.body),
        };
        match self.status {
            401 | 403 => Err(RequestError::Forbidden(server_error().unwrap_or_else(|| {
                let message = match said {
                    Some(words) => {
                        format!("the server refuses the credentials (HTTP {}): {words}", self.status)
                    }
                    None => format!("the server refuses the credentials (HTTP {})", self.status),
                };
                ErrorBody::new(code::FORBIDDEN, message, ROOT_PATH)
            }))),
            407 => Err(RequestError::broken(TransportKind::Proxy, PROXY_CREDENTIALS)),
            413 => {
                let body = server_error().map(or_limit_exceeded).or_else(|| {
                    let message =
                        format!("the mutation is larger than the server takes (HTTP 413: {})", said?);
                    Some(ErrorBody::new(code::LIMIT_EXCEEDED, message, ROOT_PATH))
                });
                Err(RequestError::TooLarge(Excess::Bytes, body))
            }
            415 if self.is_compressed => Err(RequestError::NotDecoded),
            status if TRANSIENT.contains(&status) => {
                let retry_after = self.retry_after.and_then(|text| parse_retry_after(text, self.date, now));
                let message = match said {
                    Some(words) => format!("HTTP {status}: {words}"),
                    None => format!("HTTP {status}"),
                };
                let is_throttled = status == 429 || retry_after.is_some();
                let error = TransportError::new(TransportKind::Status, message).with_status(status);
                Err(RequestError::Transient(TransportError { retry_after, is_throttled, ..error }))
            }
            status if NO_ROUTE.contains(&status) && !is_about_the_request(&envelope) => {
                Err(no_route(status, self.route, said))
            }
            status => match envelope {
                Ok(Envelope::Success(result)) if (200..300).contains(&status) => Ok(result),
                Ok(Envelope::Success(_)) => {
                    let what = "an answer without an error in it";
                    Err(unusable(status, said, TransportKind::NeitherDialect, &what))
                }
                Ok(Envelope::Failure(body)) if body.code == code::LIMIT_EXCEEDED => {
                    Err(RequestError::TooLarge(Excess::Mutations, Some(body)))
                }
                Ok(Envelope::Failure(body)) if body.code == code::FORBIDDEN => {
                    Err(RequestError::Forbidden(body))
                }
                Ok(Envelope::Failure(body)) => Err(RequestError::Refused(body)),
                Err(error) if is_json => {
                    let what = format!("an answer of neither dialect: {error}");
                    Err(unusable(status, said, TransportKind::NeitherDialect, &what))
                }
                Err(error) => Err(unusable(status, None, TransportKind::NotJson, &error)),
            },
        }
    }
}

/// Whether an answer is an error about what was sent, so that the route exists: one with a path into
/// the request, or about its size.
fn is_about_the_request(envelope: &Result<Envelope<'_>, NeitherDialect>) -> bool {
    match envelope {
        Ok(Envelope::Failure(body)) => {
            body.code == code::LIMIT_EXCEEDED || !matches!(body.path.as_str(), "" | ROOT_PATH)
        }
        _ => false,
    }
}

/// The error of a route that does not exist: most often the base URL is wrong, which every other
/// request would find as well.
fn no_route(status: u16, route: &str, said: Option<String>) -> RequestError {
    let said = said.map_or_else(String::new, |words| format!(" ({words})"));
    let message = format!(
        "HTTP {status}{said}: there is no {route} route at this URL; is the remote the right base? /push, \
         /pull and /status are added to it, as to https://example.org/datafn"
    );
    let error = TransportError::new(TransportKind::NoRoute, message);
    RequestError::Broken(error.with_status(status))
}

/// The error of an answer whose body does not follow the protocol, with a status that does not
/// decide by itself whether another try may succeed.
fn unusable(
    status: u16,
    said: Option<String>,
    kind: TransportKind,
    what: &dyn std::fmt::Display,
) -> RequestError {
    let said = said.map_or_else(String::new, |words| format!(": {words}"));
    let error = TransportError::new(kind, format!("HTTP {status}{said}, {what}"));
    RequestError::Transient(error.with_status(status))
}

/// With HTTP 413, an error without a code of its own (which is read as the general `INTERNAL`) gets
/// the code `LIMIT_EXCEEDED` (contract 3.3).
fn or_limit_exceeded(mut body: ErrorBody) -> ErrorBody {
    if body.code == code::INTERNAL {
        code::LIMIT_EXCEEDED.clone_into(&mut body.code);
    }
    body
}

/// Describes a body that is not JSON: often the HTML page of a proxy, or of a wrong URL.
fn not_json(body: &[u8], is_cut_off: bool) -> NeitherDialect {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT_CHARS)]);
    let excerpt: String = text.trim_start().chars().take(EXCERPT_CHARS).collect();
    let what = if body.is_empty() {
        "the body is empty".to_owned()
    } else if is_cut_off {
        "the JSON is cut off".to_owned()
    } else {
        format!("the body is no JSON; it begins with {excerpt:?}. Is the remote's URL right?")
    };
    NeitherDialect::new(what)
}

/// The pause of a `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3). A date is read
/// by the clock of the server that wrote it, which can be days apart from the local one: `date` is
/// the answer's `Date` (RFC 9110, section 6.6.1). Without a valid one the local clock, `now`, counts.
fn parse_retry_after(text: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit into 64 bits is over every limit for obeying it.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(now);
    // A date in the past asks for no pause.
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

/// The error of an answer with a result of the wrong type.
pub(super) fn neither_dialect(error: &NeitherDialect) -> RequestError {
    RequestError::transient(TransportKind::NeitherDialect, format!("an answer of neither dialect: {error}"))
}

/// The error of a request that failed before its answer was complete: all of them are worth
/// another try (contract 3.3). Kind and hint follow from the typed causes; the message names the proxy
/// that the request went through.
pub(super) fn transport_error(error: reqwest::Error, proxy: Option<&str>) -> RequestError {
    let is_plain_http = error.url().is_some_and(|url| url.scheme() == "http");
    // The URL may hold secrets, and messages name it already.
    let error = error.without_url();
    let (mut kind, what) = if error.is_timeout() {
        (TransportKind::Timeout, "no answer in time")
    } else if error.is_connect() {
        // Whether the proxy or the server cannot be reached is not known, unless TLS with the server has
        // begun.
        let kind = if proxy.is_some() { TransportKind::Proxy } else { TransportKind::Connect };
        (kind, "cannot connect")
    } else {
        (TransportKind::Connection, "the connection failed")
    };
    let mut hint = "";
    for cause in causes(&error) {
        match cause.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(problem)) => {
                kind = TransportKind::Certificate;
                hint = certificate_hint(problem);
            }
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                kind = TransportKind::Tls;
                hint = NO_TLS_HINT;
            }
            Some(rustls::Error::AlertReceived(alert)) if is_about_the_client(*alert) => {
                kind = TransportKind::Tls;
                hint = CLIENT_CERTIFICATE_HINT;
            }
            Some(_) => kind = TransportKind::Tls,
            None if is_plain_http && cause.downcast_ref().is_some_and(is_not_http) => hint = NO_HTTP_HINT,
            None => {}
        }
    }
    // The errors between the first and the last say only that the next one occurred.
    let root = causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
    let way = proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
    RequestError::transient(kind, format!("{what}{way}: {root}{hint}"))
}

/// Whether a TLS alert is about the client's certificate (RFC 8446, section 6.2).
fn is_about_the_client(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::NoCertificate
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate
    )
}

/// The hint about a certificate for which TLS has no error of its own, which it names but does not
/// explain: most often the certificate of a CA, such as `openssl req -x509` makes.
fn certificate_hint(problem: &CertificateError) -> &'static str {
    match problem {
        CertificateError::Other(_) => {
            " (a server cannot use a CA's certificate as its own: it needs one with CA:FALSE; and if its \
             use is restricted, with serverAuth)"
        }
        _ => "",
    }
}

/// Whether an answer does not even begin as HTTP/1 does. hyper does not distinguish the version from the
/// headers, so an HTTP answer with malformed headers counts as well.
fn is_not_http(error: &hyper::Error) -> bool {
    error.is_parse() && !error.is_parse_status()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &[u8] = br#"{"ok":false,"error":{"code":"DFQL_INVALID","message":"no","path":"x"}}"#;

    fn classify(status: u16, body: &[u8]) -> Result<RawObject<'_>, RequestError> {
        let answer =
            RawAnswer { route: "push", status, retry_after: None, date: None, is_compressed: false, body };
        answer.classify(SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn every_status_with_an_error_envelope_is_classified() {
        for status in 200..600 {
            let error = classify(status, REFUSAL).unwrap_err();
            let is_as_expected = match status {
                401 | 403 => matches!(error, RequestError::Forbidden(_)),
                407 => error.kind() == Some(TransportKind::Proxy) && !error.is_transient(),
                413 => matches!(error, RequestError::TooLarge(Excess::Bytes, Some(_))),
                408 | 425 | 429 | 500 | 502 | 503 | 504 => {
                    matches!(error, RequestError::Transient(_))
                }
                _ => matches!(error, RequestError::Refused(_)),
            };
            assert!(is_as_expected, "{status}: {error:?}");
        }
    }

    #[test]
    fn a_body_of_neither_dialect_is_transient() {
        for body in [b"".as_slice(), b"<html>", b"{\"ok\":tr", b"[]", b"{\"ok\":1}", b"\xff"] {
            for status in [200, 400, 422] {
                let error = classify(status, body).unwrap_err();
                assert!(matches!(error, RequestError::Transient(_)), "{status} {body:?}: {error:?}");
            }
        }
    }

    #[test]
    fn the_servers_words_are_told_whatever_form_its_body_has() {
        let bodies: [&[u8]; 5] = [
            br#"{"ok":false,"error":{"message":"too busy"}}"#,
            br#"{"error":"too busy"}"#,
            br#"{"title":"Busy","detail":"too busy"}"#,
            b"too busy",
            b"<html><title>too busy</title>",
        ];
        for body in bodies {
            for status in [503, 401, 404] {
                let error = classify(status, body).unwrap_err().to_string();
                assert!(error.contains("too busy"), "{status}: {error}");
            }
            let RequestError::TooLarge(_, Some(body)) = classify(413, body).unwrap_err() else { panic!() };
            assert!(body.message.contains("too busy") && body.code == code::LIMIT_EXCEEDED, "{body:?}");
        }
        // A client error in another form than the protocol's.
        let error = classify(400, br#"{"error":"bad input"}"#).unwrap_err().to_string();
        assert_eq!(error, "HTTP 400: bad input, an answer without an error in it");
    }

    #[test]
    fn http_413_has_the_code_limit_exceeded_unless_the_server_names_one() {
        for (error, expected) in
            [(r#"{"message":"m"}"#, "LIMIT_EXCEEDED"), (r#"{"code":"BIG","message":"m"}"#, "BIG")]
        {
            let body = format!(r#"{{"ok":false,"error":{error}}}"#);
            let classified = classify(413, body.as_bytes()).unwrap_err();
            let RequestError::TooLarge(_, Some(body)) = classified else { panic!("{classified:?}") };
            assert_eq!(body.code, expected);
        }
    }

    #[test]
    fn limit_exceeded_and_forbidden_are_recognized_with_any_status() {
        let envelope = |code: &str| format!(r#"{{"ok":false,"error":{{"code":"{code}","message":"m"}}}}"#);
        for status in [200, 400, 422] {
            let error = classify(status, envelope("LIMIT_EXCEEDED").as_bytes()).unwrap_err();
            assert!(matches!(error, RequestError::TooLarge(Excess::Mutations, Some(_))), "{status}");
            let error = classify(status, envelope("FORBIDDEN").as_bytes()).unwrap_err();
            assert!(matches!(error, RequestError::Forbidden(_)), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let parse = |text| parse_retry_after(text, None, now);
        assert_eq!(parse("120"), Some(Duration::from_mins(2)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:07 GMT"), Some(Duration::ZERO));
        assert_eq!(parse("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn a_retry_after_date_is_relative_to_the_date_of_the_answer() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (retry_after, date, expected) in [
            // A clock that is a day ahead, and one that is a day behind.
            ("Mon, 07 Nov 1994 08:49:47 GMT", "Mon, 07 Nov 1994 08:49:37 GMT", 10),
            ("Sat, 05 Nov 1994 08:49:47 GMT", "Sat, 05 Nov 1994 08:49:37 GMT", 10),
            ("Sat, 05 Nov 1994 08:49:27 GMT", "Sat, 05 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:47 GMT", "yesterday", 10),
            // RFC 850 and asctime forms, which RFC 9110 still allows.
            ("Monday, 07-Nov-94 08:49:47 GMT", "Mon Nov  7 08:49:37 1994", 10),
            ("7", "Mon, 07 Nov 1994 08:49:37 GMT", 7),
        ] {
            let pause = parse_retry_after(retry_after, Some(date), now);
            assert_eq!(pause, Some(Duration::from_secs(expected)), "{retry_after}, {date}");
        }
    }

    #[test]
    fn a_missing_route_is_broken_unless_the_error_has_a_path_into_the_request() {
        let envelope = |path: &str| format!(r#"{{"ok":false,"error":{{"code":"X","message":"m"{path}}}}}"#);
        for status in [404, 405, 410, 501] {
            for body in [
                "",
                "Not Found",
                "<html>",
                "{}",
                "[]",
                r#"{"message":"no"}"#,
                r#"{"ok":true,"result":{"applied":[]}}"#,
                r#"{"ok":false,"error":"no"}"#,
                r#"{"ok":false,"error":{}}"#,
                &envelope(""),
                &envelope(",\"path\":\"\""),
                &envelope(",\"path\":\"$\""),
                &envelope(",\"details\":{\"path\":\"$\"}"),
            ] {
                let error = classify(status, body.as_bytes()).unwrap_err();
                assert_eq!(error.kind(), Some(TransportKind::NoRoute), "{status} {body}: {error:?}");
                assert!(!error.is_transient(), "{status} {body}");
                assert!(error.to_string().contains("/push"), "{error}");
            }
            for path in [",\"path\":\"mutations[0].id\"", ",\"details\":{\"path\":\"clientId\"}"] {
                let error = classify(status, envelope(path).as_bytes()).unwrap_err();
                assert!(matches!(error, RequestError::Refused(_)), "{status} {path}: {error:?}");
            }
        }
    }
}
