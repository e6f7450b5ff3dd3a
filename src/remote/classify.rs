//! What an answer means (contract 3.3): a pure function of status, headers and body.

use std::time::{Duration, SystemTime};

use super::error::{Excess, RequestError, TransportError, TransportKind};
use crate::protocol::{Envelope, ErrorBody, NeitherDialect, ROOT_PATH, RawObject, code};

/// The statuses that say "try again later", whatever the body.
const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// How much of a body that is no answer is shown.
const EXCERPT_CHARS: usize = 60;

/// A complete answer, as far as its meaning goes.
pub(super) struct RawAnswer<'a> {
    pub(super) status: u16,
    pub(super) retry_after: Option<&'a str>,
    /// Whether the request was.
    pub(super) is_compressed: bool,
    pub(super) body: &'a [u8],
}

impl<'a> RawAnswer<'a> {
    /// The inside of a good answer, or what is wrong with it. Redirects are not its matter.
    pub(super) fn classify(&self, now: SystemTime) -> Result<RawObject<'a>, RequestError> {
        let (envelope, is_json) = match std::str::from_utf8(self.body).map(RawObject::read) {
            Ok(Ok(answer)) => (Envelope::read(answer), true),
            Ok(Err(error)) if error.is_data() => (Err(NeitherDialect::new(error.to_string())), true),
            Ok(Err(error)) => (Err(not_json(self.body, error.is_eof())), false),
            Err(_) => (Err(not_json(self.body, false)), false),
        };
        let said = || match &envelope {
            Ok(Envelope::Failure(body)) => Some(body.clone()),
            _ => None,
        };
        match self.status {
            401 | 403 => Err(RequestError::Forbidden(said().unwrap_or_else(|| {
                let message = format!("the server refuses the credentials (HTTP {})", self.status);
                ErrorBody::new(code::FORBIDDEN, message, ROOT_PATH)
            }))),
            413 => Err(RequestError::TooLarge(Excess::Bytes, said().map(or_limit_exceeded))),
            415 if self.is_compressed => Err(RequestError::NotDecoded),
            status if TRANSIENT.contains(&status) => {
                let retry_after = self.retry_after.and_then(|text| wait(text, now));
                let message = match said() {
                    Some(body) => format!("HTTP {status}: {}", body.message),
                    None => format!("HTTP {status}"),
                };
                let is_throttled = status == 429 || retry_after.is_some();
                let error = TransportError::new(TransportKind::Status, message).with_status(status);
                Err(RequestError::Transient(TransportError { retry_after, is_throttled, ..error }))
            }
            status => match envelope {
                Ok(Envelope::Success(result)) if (200..300).contains(&status) => Ok(result),
                Ok(Envelope::Success(_)) => {
                    Err(unusable(status, TransportKind::NeitherDialect, &"an answer without an error in it"))
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
                    Err(unusable(status, TransportKind::NeitherDialect, &what))
                }
                Err(error) => Err(unusable(status, TransportKind::NotJson, &error)),
            },
        }
    }
}

/// An answer with a status that says nothing about trying again, and a body that cannot be used.
fn unusable(status: u16, kind: TransportKind, what: &dyn std::fmt::Display) -> RequestError {
    let error = TransportError::new(kind, format!("HTTP {status}, {what}"));
    RequestError::Transient(error.with_status(status))
}

/// The code of an error that has none is a general one; with a 413 it is clear what is meant
/// (contract 3.3).
fn or_limit_exceeded(mut body: ErrorBody) -> ErrorBody {
    if body.code == code::INTERNAL {
        code::LIMIT_EXCEEDED.clone_into(&mut body.code);
    }
    body
}

/// Says what came instead of JSON: often a page of a proxy, or of a wrong address.
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

/// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3).
fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What does not fit is longer than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &[u8] = br#"{"ok":false,"error":{"code":"DFQL_INVALID","message":"no","path":"x"}}"#;

    fn classify(status: u16, body: &[u8]) -> Result<RawObject<'_>, RequestError> {
        RawAnswer { status, retry_after: None, is_compressed: false, body }.classify(SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn every_status_with_a_refusal_in_it_has_its_meaning() {
        for status in 200..600 {
            let error = classify(status, REFUSAL).unwrap_err();
            let is_as_expected = match status {
                401 | 403 => matches!(error, RequestError::Forbidden(_)),
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
    fn a_body_that_is_no_answer_may_be_better_next_time() {
        for body in [b"".as_slice(), b"<html>", b"{\"ok\":tr", b"[]", b"{\"ok\":1}", b"\xff"] {
            for status in [200, 400, 404] {
                let error = classify(status, body).unwrap_err();
                assert!(matches!(error, RequestError::Transient(_)), "{status} {body:?}: {error:?}");
            }
        }
    }

    #[test]
    fn what_is_too_large_has_a_code_even_where_the_server_names_none() {
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
    fn limits_and_credentials_count_with_any_status() {
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
        assert_eq!(wait("120", now), Some(Duration::from_mins(2)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("99999999999999999999999", now), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(wait("soon", now), None);
    }
}
