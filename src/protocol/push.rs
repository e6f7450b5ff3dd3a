//! The answer to a push, in both dialects (contract 3.3).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cursor, ErrorBody, NeitherDialect};

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
    pub fn from_json(mut result: Map<String, Value>) -> Result<Self, NeitherDialect> {
        let applied = match result.remove("applied") {
            None | Some(Value::Null) => None,
            Some(Value::Array(ids)) => Some(ids.into_iter().map(applied_id).collect::<Result<_, _>>()?),
            Some(_) => return Err(NeitherDialect::new("`applied` is no array")),
        };
        let errors = match result.remove("errors") {
            None | Some(Value::Null) if applied.is_some() => Vec::new(),
            None | Some(Value::Null) => {
                return Err(NeitherDialect::new("there is neither `applied` nor `errors`"));
            }
            Some(Value::Array(errors)) => errors.into_iter().map(rejected).collect::<Result<_, _>>()?,
            Some(_) => return Err(NeitherDialect::new("`errors` is no array")),
        };
        let cursor = match result.remove("cursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                Some(text.parse().map_err(|_| NeitherDialect::new("`cursor` is no base-10 integer"))?)
            }
            Some(_) => return Err(NeitherDialect::new("`cursor` is no string")),
        };
        Ok(Self { applied, errors, cursor })
    }
}

fn applied_id(value: Value) -> Result<String, NeitherDialect> {
    match value {
        Value::String(id) => Ok(id),
        _ => Err(NeitherDialect::new("`applied` holds something other than ids")),
    }
}

/// `{"mutationId","code","message","path"}` or `{"mutationId","error":{…}}`.
fn rejected(value: Value) -> Result<MutationError, NeitherDialect> {
    let Value::Object(object) = value else {
        return Err(NeitherDialect::new("`errors` holds something other than objects"));
    };
    let mutation_id = match object.get("mutationId") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(id)) => id.clone(),
        Some(_) => return Err(NeitherDialect::new("an error's `mutationId` is no string")),
    };
    let body = match object.get("error") {
        None => ErrorBody::from_json(&object)?,
        Some(Value::Object(error)) => ErrorBody::from_json(error)?,
        Some(_) => return Err(NeitherDialect::new("an error's `error` is no object")),
    };
    Ok(MutationError { mutation_id, body })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::unwrap;
    use super::*;

    fn parse(answer: Value) -> Result<PushAnswer, NeitherDialect> {
        PushAnswer::from_json(unwrap(answer)?.expect("no error envelope"))
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
            assert_eq!(parse(json!({"ok": true, "result": result})), Ok(expected.clone()));
            assert_eq!(parse(result), Ok(expected));
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
            assert!(parse(result.clone()).is_err(), "{result}");
        }
    }
}
