//! The answer to a push, in both dialects (contract 3.3).

use serde::{Deserialize, Serialize};

use super::envelope::WireError;
use super::{Bounded, Cursor, ErrorBody, NeitherDialect, Parts};

/// A mutation that the server rejected, or, in a result, an error of the run
/// (`mutationId` is empty where no mutation is to blame: contract 3.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutationError {
    /// The id of the mutation, as the server names it.
    #[serde(rename = "mutationId")]
    pub mutation_id: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub body: ErrorBody,
}

impl From<ErrorBody> for MutationError {
    /// An error for which no mutation is to blame.
    fn from(body: ErrorBody) -> Self {
        Self { mutation_id: String::new(), body }
    }
}

/// What a server says about a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushAnswer {
    /// The mutations that the server names as applied; `None` when it names none at all,
    /// which makes everything applied that is not in `errors`.
    pub applied: Option<Vec<String>>,
    /// The mutations that the server rejected, in its order.
    pub errors: Vec<MutationError>,
    /// The server's sequence after the batch; only the first dialect has it.
    pub cursor: Option<Cursor>,
}

impl PushAnswer {
    /// Reads the inside of the envelope.
    ///
    /// # Errors
    /// [`NeitherDialect`] when `applied`, `errors` or `cursor` has the wrong type, or when
    /// neither of the first two is there: such an answer acknowledges nothing.
    pub fn from_parts(result: &Parts<'_>) -> Result<Self, NeitherDialect> {
        let applied = result.get::<Bounded<String>>("applied")?.map(|list| list.0);
        let errors = match result.get::<Bounded<WireError<'_>>>("errors")? {
            None if applied.is_none() => {
                return Err(NeitherDialect::new("there is neither `applied` nor `errors`"));
            }
            errors => errors.map_or_else(Vec::new, |list| list.0.into_iter().map(rejected).collect()),
        };
        Ok(Self { applied, errors, cursor: result.get("cursor")? })
    }
}

/// `{"mutationId","code","message","path"}` or `{"mutationId","error":{…}}`.
fn rejected(mut wire: WireError<'_>) -> MutationError {
    let mutation_id = wire.mutation_id.take().unwrap_or_default();
    let body = match wire.error.take() {
        Some(error) => error.into_body(),
        None => wire.into_body(),
    };
    MutationError { mutation_id, body }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::unwrap;
    use super::*;

    fn parse(answer: &Value) -> Result<PushAnswer, NeitherDialect> {
        let text = answer.to_string();
        PushAnswer::from_parts(&unwrap(Parts::read(&text).unwrap())?.expect("no error envelope"))
    }

    #[test]
    fn both_dialects_and_bare_results_are_understood() {
        let error =
            MutationError { mutation_id: "m2".into(), body: ErrorBody::new("CONFLICT", "exists", "id") };
        let first = json!({"ok": false, "applied": ["m1"], "cursor": "12",
            "errors": [{"mutationId": "m2", "code": "CONFLICT", "message": "exists", "path": "id"}]});
        let second = json!({"applied": ["m1"],
            "errors": [{"mutationId": "m2", "error":
                {"code": "CONFLICT", "message": "exists", "details": {"path": "id"}}}]});
        for (result, cursor) in [(first, Some(Cursor::from(12))), (second, None)] {
            let expected =
                PushAnswer { applied: Some(vec!["m1".into()]), errors: vec![error.clone()], cursor };
            assert_eq!(parse(&json!({"ok": true, "result": result})), Ok(expected.clone()));
            assert_eq!(parse(&result), Ok(expected));
        }
    }

    #[test]
    fn a_wrong_type_is_neither_dialect() {
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
