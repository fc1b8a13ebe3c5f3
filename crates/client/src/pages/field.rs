//! A field of a form, with what is wrong with it, and what is wrong with the form as a whole.

use maud::{Markup, html};

use super::icons;
use common::api::FieldError;

use crate::api::Failure;

/// One field.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: &'a str,
    pub(super) autocomplete: &'a str,
    /// What was typed before. Never a password.
    pub(super) value: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) longest: Option<u32>,
    /// `decimal` shows a keyboard of digits.
    pub(super) inputmode: Option<&'a str>,
}

/// What is wrong with what was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    errors: Vec<FieldError>,
    /// What no field is to blame for.
    notice: Option<String>,
}

impl Errors {
    /// What an API says that a person can mend in the form; `None` for all else.
    pub(super) fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Refused(errors) => Some(Self { errors: errors.clone(), notice: None }),
            _ => None,
        }
    }

    /// One that no field is to blame for.
    pub(super) fn notice(text: impl Into<String>) -> Self {
        Self { errors: Vec::new(), notice: Some(text.into()) }
    }

    fn at(&self, name: &str) -> Option<&str> {
        let mut errors = self.errors.iter();
        errors.find(|error| error.field.as_deref() == Some(name)).map(|error| error.message.as_ref())
    }

    /// Above the form: everything, each with a way to its field.
    pub(super) fn summary(&self, fields: &[&str]) -> Markup {
        if self.errors.is_empty() && self.notice.is_none() {
            return html! {};
        }
        html! {
            div.notice.bad role="alert" {
                (icons::warning())
                ul {
                    @if let Some(text) = &self.notice { li { (text) } }
                    @for error in &self.errors {
                        li {
                            @match error.field.as_deref().filter(|field| fields.contains(field)) {
                                Some(field) => a href={ "#" (field) } { (error.message) },
                                None => (error.message),
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Field<'_> {
    /// The field, with `errors` at it; the first wrong one gets the focus.
    pub(super) fn shown(&self, errors: &Errors) -> Markup {
        let error = errors.at(self.name);
        let (hint_id, error_id) = (format!("{}-hint", self.name), format!("{}-error", self.name));
        let mut described: Vec<&str> = Vec::new();
        described.extend(self.hint.map(|_| hint_id.as_str()));
        described.extend(error.map(|_| error_id.as_str()));
        let described = (!described.is_empty()).then(|| described.join(" "));
        let is_first = error.is_some()
            && errors.errors.iter().find_map(|error| error.field.as_deref()) == Some(self.name);
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                @if let Some(hint) = self.hint { p.hint id=(hint_id) { (hint) } }
                input id=(self.name) name=(self.name) type=(self.kind) value=[Some(self.value).filter(|value| !value.is_empty())]
                    autocomplete=(self.autocomplete) required maxlength=[self.longest] inputmode=[self.inputmode]
                    dir=[(self.kind == "text").then_some("auto")] autofocus[is_first]
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[described];
                @if let Some(error) = error { p.error id=(error_id) { (error) } }
            }
        }
    }
}
