//! Parameters as Stripe takes them: `application/x-www-form-urlencoded`, with brackets for what is nested.

use std::{collections::BTreeMap, str};

use percent_encoding::percent_decode_str;

use crate::error::ApiError;

/// Stripe's documented limits of metadata.
const MOST_METADATA: usize = 50;
const LONGEST_NAME: usize = 40;
const LONGEST_VALUE: usize = 500;

/// Names and values that a client attached to an object.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The parameters of a request, by their full names: `payment_method_data[card][token]`.
#[derive(Debug, Default)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Parses a query or a body. Of a name that comes twice the last value counts.
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, ApiError> {
        let encoded = str::from_utf8(encoded).map_err(|_| not_utf8())?;
        let pairs = encoded.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of this name; an empty one is refused, because Stripe reads it as an attempt to unset.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name).map(String::as_str) {
            Some("") => Err(ApiError::invalid(format!(
                "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a field; \
                 however '{name}' cannot be unset. You should remove '{name}' from your request or supply a \
                 non-empty value."
            ))
            .code("parameter_invalid_empty")
            .param(name)),
            value => Ok(value),
        }
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn integer(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        self.text(name)?.map(|text| parse_integer(text, name)).transpose()
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.text(name)? {
            Some("true") => Ok(true),
            None | Some("false") => Ok(false),
            Some(other) => Err(ApiError::invalid(format!("Invalid boolean: {other}"))
                .param(name)
                .code("parameter_invalid")),
        }
    }

    /// One of a few words.
    pub(crate) fn word(
        &self,
        name: &'static str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(given) = self.text(name)? else { return Ok(None) };
        let known = allowed.iter().find(|word| **word == given).copied();
        known.map(Some).ok_or_else(|| {
            ApiError::invalid(format!("Invalid {name}: must be one of {}", allowed.join(", "))).param(name)
        })
    }

    /// Whether anything is nested below this name, or it has a value itself.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.keys().any(|given| top(given, name))
    }

    /// The values of a list: `name[]` or `name[0]`, `name[1]`.
    pub(crate) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| top(given, name)).map(|(_, value)| value.as_str())
    }

    /// What is nested below one name, such as one line item, with names of its own.
    pub(crate) fn below(&self, name: &str) -> Self {
        let nested = self.0.iter().filter_map(|(given, value)| {
            let (first, rest) = given.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
            Some((format!("{first}{rest}"), value.clone()))
        });
        Self(nested.collect())
    }

    /// `metadata[name]=value`, within Stripe's limits.
    pub(crate) fn metadata(&self, name: &'static str) -> Result<Metadata, ApiError> {
        let metadata: Metadata =
            self.below(name).0.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let too_long = |(name, value): (&String, &String)| {
            name.chars().count() > LONGEST_NAME || value.chars().count() > LONGEST_VALUE
        };
        if metadata.len() > MOST_METADATA || metadata.iter().any(too_long) {
            return Err(ApiError::invalid(format!(
                "Metadata can have up to {MOST_METADATA} keys of up to {LONGEST_NAME} characters, \
                 with values of up to {LONGEST_VALUE} characters"
            ))
            .param(name));
        }
        Ok(metadata)
    }

    /// Refuses what is not among these names, as Stripe does: a misspelt parameter must not pass in a test.
    pub(crate) fn only(&self, allowed: &[&str]) -> Result<(), ApiError> {
        let unknown = self.0.keys().find(|given| !allowed.iter().any(|name| top(given, name)));
        match unknown {
            None => Ok(()),
            Some(unknown) => Err(ApiError::invalid(format!("Received unknown parameter: {unknown}"))
                .code("parameter_unknown")
                .param(unknown.clone())),
        }
    }

    /// A text that is the same for the same parameters, in whatever order they came.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// Whether `given` is this name or nested below it.
fn top(given: &str, name: &str) -> bool {
    given.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// The refusal of a request without this parameter.
pub(crate) fn missing(name: &'static str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {name}.")).code("parameter_missing").param(name)
}

fn parse_integer(text: &str, name: &'static str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| {
        ApiError::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(name)
    })
}

fn decode(encoded: &str) -> Result<String, ApiError> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| not_utf8())?;
    Ok(decoded.into_owned())
}

fn not_utf8() -> ApiError {
    ApiError::invalid("Invalid request: the parameters are not valid UTF-8")
}
