//! A JSON object as a type of ours: what is wrong with one is told with its place.

use serde::de::DeserializeOwned;

/// Why a body is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJson {
    /// What is wrong, for a person.
    pub message: String,
    /// Where, such as `timers.ids[1]`; `None` for the body as a whole.
    pub field: Option<String>,
}

/// Reads a body.
///
/// # Errors
/// What is wrong with it, at the first place where something is.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, InvalidJson> {
    // What is inside of a field that is ignored would not be looked at.
    let text = std::str::from_utf8(bytes).map_err(|_| whole("The request body is not UTF-8"))?;
    // A list would be read as the fields in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(whole("The request body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return whole("The request body is not valid JSON");
        }
        let path = error.path().iter().next().map(|_| error.path().to_string());
        let message = inner.to_string();
        // Of a missing field the path ends before it, and its name is in the text alone.
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let field = match (path, missing) {
            (Some(path), Some(missing)) => Some(format!("{path}.{missing}")),
            (None, Some(missing)) => Some(missing.to_owned()),
            (path, None) => path,
        };
        InvalidJson { message, field }
    })?;
    json.end().map_err(|_| whole("The request body is not valid JSON"))?;
    Ok(value)
}

fn whole(message: &str) -> InvalidJson {
    InvalidJson { message: message.to_owned(), field: None }
}

#[cfg(test)]
mod tests {
    use common::{
        internal::MoveTimers,
        operator::{MoveAct, OperationPlan, SettleAct},
    };

    use super::*;

    fn field<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> Option<String> {
        read_json::<T>(text.as_bytes()).unwrap_err().field
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        assert_eq!(field::<MoveAct>(r#"{"to":"soon"}"#).as_deref(), Some("to"));
        assert_eq!(field::<MoveAct>(r#"{"byMs":1.5}"#).as_deref(), Some("byMs"));
        assert_eq!(field::<SettleAct>("{}").as_deref(), Some("note"));
        assert_eq!(field::<MoveTimers>(r#"{"timers":[{"id":"a"}]}"#).as_deref(), Some("timers[0].to"));
        let plan = r#"{"action":"fireTimers","timers":{"ids":["a","b c"]}}"#;
        assert_eq!(field::<OperationPlan>(plan).as_deref(), Some("timers.ids[1]"));
        assert_eq!(field::<OperationPlan>(r#"{"action":"burn"}"#).as_deref(), Some("action"));
    }

    #[test]
    fn what_is_no_json_is_refused_as_a_whole() {
        for text in ["{", "[1]", "null", "{} {}", "\u{0}"] {
            assert_eq!(field::<MoveAct>(text), None, "{text}");
        }
        assert!(read_json::<MoveAct>(b"{\"other\":\"\xff\"}").is_err());
        assert!(read_json::<MoveAct>(b"{}").is_ok());
    }
}
