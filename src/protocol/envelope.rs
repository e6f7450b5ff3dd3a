//! The envelope of an answer: `{"ok":true,"result":…}` or `{"ok":false,"error":…}`.
//!
//! Servers may leave it out (contract 3.3); [`Envelope::read`] accepts an answer either way. Not how the server
//! writes one (`reply`).

use super::error::{ErrorBody, NeitherDialect};
use super::raw_object::RawObject;
use super::wire_error::WireError;

/// An answer whose envelope has been removed.
#[derive(Debug, Clone)]
pub enum Envelope<'a> {
    /// The result; of an answer without an envelope, the answer itself.
    Success(RawObject<'a>),
    /// The error for which the server refused the request as a whole.
    Failure(ErrorBody),
}

impl<'a> Envelope<'a> {
    /// Removes the envelope of an answer, if it has one.
    ///
    /// # Errors
    /// [`NeitherDialect`] when a member of the envelope has the wrong type.
    pub fn read(answer: RawObject<'a>) -> Result<Self, NeitherDialect> {
        let is_ok: Option<bool> = answer.get("ok")?;
        if is_ok == Some(false)
            && let Some(error) = answer.get::<WireError<'_>>("error")?
        {
            return Ok(Self::Failure(error.into_body()));
        }
        Ok(Self::Success(answer.get("result")?.unwrap_or(answer)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn reads_a_result_with_and_without_an_envelope() {
        for answer in [json!({"ok": true, "result": {"x": 1}}), json!({"x": 1})] {
            let answer = answer.to_string();
            let envelope = Envelope::read(RawObject::read(&answer).unwrap()).unwrap();
            let Envelope::Success(result) = envelope else { panic!("{envelope:?}") };
            assert_eq!(result.get("x").unwrap(), Some(1));
        }
    }

    fn error_of(answer: &Value) -> ErrorBody {
        match Envelope::read(RawObject::read(&answer.to_string()).unwrap()).unwrap() {
            Envelope::Failure(error) => error,
            Envelope::Success(result) => panic!("{result:?}"),
        }
    }

    #[test]
    fn normalizes_an_error_of_both_dialects_to_the_same_body() {
        let expected = ErrorBody::new("CONFLICT", "no", "id");
        for error in [
            json!({"code": "CONFLICT", "message": "no", "path": "id"}),
            json!({"code": "CONFLICT", "message": "no", "details": {"path": "id"}}),
            json!({"code": "CONFLICT", "message": "no", "path": "id", "details": {"path": "$"}}),
        ] {
            assert_eq!(error_of(&json!({"ok": false, "error": error})), expected);
        }
        #[cfg(feature = "serve")]
        assert_eq!(error_of(&crate::protocol::failure(&expected)), expected);
    }

    #[test]
    fn rejects_an_envelope_with_a_member_of_the_wrong_type() {
        for answer in [
            json!({"ok": 1}),
            json!({"ok": false, "error": "no"}),
            json!({"ok": true, "result": []}),
            json!({"ok": false, "error": {"code": 7}}),
        ] {
            let answer = answer.to_string();
            assert!(Envelope::read(RawObject::read(&answer).unwrap()).is_err(), "{answer}");
        }
    }
}
