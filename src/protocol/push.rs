//! The answer to a push, in both dialects (contract 3.3). The body of a push is written in
//! [`crate::mutation`].

use serde::{Deserialize, Serialize};

use super::bounded_list::BoundedList;
use super::cursor::Cursor;
use super::error::{ErrorBody, NeitherDialect};
use super::raw_object::RawObject;
use super::wire_error::WireError;

/// The mutation id of an error that belongs to no mutation (contract 3.5).
const NO_MUTATION: &str = "";

/// A mutation that the server rejected, or, in a result, an error of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MutationError {
    /// The mutation's id as the server sent it; empty when the error belongs to no mutation
    /// (contract 3.5).
    #[serde(rename = "mutationId")]
    pub mutation_id: String,
    /// The reason for the rejection.
    #[serde(flatten)]
    pub body: ErrorBody,
}

impl From<ErrorBody> for MutationError {
    /// An error that belongs to no mutation.
    fn from(body: ErrorBody) -> Self {
        Self { mutation_id: NO_MUTATION.to_owned(), body }
    }
}

/// The server's answer to one batch of mutations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushAnswer {
    /// The ids that the server lists as applied. `None` when the answer has no such list: then
    /// every mutation that is not in `errors` is applied.
    pub applied: Option<Vec<String>>,
    /// The mutations that the server rejected, in the server's order.
    pub errors: Vec<MutationError>,
    /// The server's sequence after the batch; the second dialect has none.
    pub cursor: Option<Cursor>,
    /// How many of the applied mutations were applied before. It means this only from a server with
    /// the capability [`super::status::PUSH_REPEATED`].
    pub repeated: Option<u64>,
}

impl PushAnswer {
    /// Reads the result inside the envelope.
    ///
    /// # Errors
    /// [`NeitherDialect`] when `applied`, `errors` or `cursor` has the wrong type, or when both
    /// `applied` and `errors` are missing: such an answer acknowledges nothing.
    pub fn from_raw(result: &RawObject<'_>) -> Result<Self, NeitherDialect> {
        let applied = result.get::<BoundedList<String>>("applied")?.map(|list| list.0);
        let errors = match result.get::<BoundedList<WireError<'_>>>("errors")? {
            None if applied.is_none() => {
                return Err(NeitherDialect::new("there is neither `applied` nor `errors`"));
            }
            errors => errors.map_or_else(Vec::new, |list| list.0.into_iter().map(rejected).collect()),
        };
        // A server without the capability may use the name for anything.
        let repeated = result.get("repeated").ok().flatten();
        Ok(Self { applied, errors, cursor: result.get("cursor")?, repeated })
    }
}

/// Reads `{"mutationId","code","message","path"}` or `{"mutationId","error":{…}}`.
fn rejected(mut wire: WireError<'_>) -> MutationError {
    let mutation_id = wire.mutation_id.take().unwrap_or_else(|| NO_MUTATION.to_owned());
    let body = match wire.error.take() {
        Some(error) => error.into_body(),
        None => wire.into_body(),
    };
    MutationError { mutation_id, body }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::envelope::Envelope;
    use super::*;

    fn parse(answer: &Value) -> Result<PushAnswer, NeitherDialect> {
        let text = answer.to_string();
        match Envelope::read(RawObject::read(&text).unwrap())? {
            Envelope::Success(result) => PushAnswer::from_raw(&result),
            Envelope::Failure(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn reads_both_dialects_with_and_without_an_envelope() {
        let error =
            MutationError { mutation_id: "m2".into(), body: ErrorBody::new("CONFLICT", "exists", "id") };
        let first = json!({"ok": false, "applied": ["m1"], "cursor": "12",
            "errors": [{"mutationId": "m2", "code": "CONFLICT", "message": "exists", "path": "id"}]});
        let second = json!({"applied": ["m1"],
            "errors": [{"mutationId": "m2", "error":
                {"code": "CONFLICT", "message": "exists", "details": {"path": "id"}}}]});
        for (result, cursor) in [(first, Some(Cursor::from(12))), (second, None)] {
            let (applied, errors) = (Some(vec!["m1".into()]), vec![error.clone()]);
            let expected = PushAnswer { applied, errors, cursor, repeated: None };
            assert_eq!(parse(&json!({"ok": true, "result": result})), Ok(expected.clone()));
            assert_eq!(parse(&result), Ok(expected));
        }
    }

    #[test]
    fn reads_the_number_of_repeated_mutations_and_ignores_any_other_value_there() {
        for (value, expected) in [(json!(2), Some(2)), (json!("2"), None), (json!(-1), None)] {
            let answer = parse(&json!({"applied": [], "repeated": value})).unwrap();
            assert_eq!(answer.repeated, expected, "{value}");
        }
    }

    #[test]
    fn rejects_missing_lists_and_members_of_the_wrong_type() {
        for result in [
            json!({}),
            json!({"cursor": "1"}),
            json!({"applied": "m1"}),
            json!({"applied": [1]}),
            json!({"applied": [], "errors": {}}),
            json!({"applied": [], "errors": ["m1"]}),
            json!({"applied": [], "cursor": 12}),
            json!({"applied": [], "cursor": "-1"}),
            json!({"applied": [], "cursor": "abc"}),
        ] {
            assert!(parse(&result).is_err(), "{result}");
        }
    }
}
