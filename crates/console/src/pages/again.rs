//! A form that was not taken is shown again, with what was typed and what is wrong with it.

use common::api::FieldError;
use maud::{Markup, html};
use page_kit::Posted;

use crate::failure::Failure;

/// What was typed and what is wrong with it; nothing on a page that is only looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Again {
    form: String,
    typed: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Again {
    /// The form of this name, which was not taken.
    pub(super) fn new<const LONGEST: usize>(
        form: impl Into<String>,
        posted: Posted<LONGEST>,
        failure: &Failure,
    ) -> Self {
        Self { form: form.into(), typed: posted.into_fields(), errors: failure.errors.clone() }
    }

    /// Whether it is this form.
    pub(super) fn is(&self, form: &str) -> bool {
        self.form == form
    }

    /// What was typed into a field of this form.
    pub(super) fn text(&self, form: &str, name: &str) -> Option<&str> {
        let mut typed = self.typed.iter().filter(|_| self.is(form));
        typed.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What is wrong with a field of this form.
    pub(super) fn error(&self, form: &str, name: &str) -> Option<&str> {
        let mut errors = self.errors.iter().filter(|_| self.is(form));
        errors.find(|error| error.field.as_deref() == Some(name)).map(|error| error.message.as_ref())
    }

    /// Whether that is the first wrong field, which gets the focus.
    pub(super) fn is_first(&self, form: &str, name: &str) -> bool {
        self.is(form) && self.errors.iter().find_map(|error| error.field.as_deref()) == Some(name)
    }

    /// On top of the page: everything, each with a way to its field.
    pub(super) fn summary(&self, fields: &[&str]) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div.notice.bad role="alert" {
                    ul {
                        @for error in &self.errors {
                            li {
                                @match error.field.as_deref().filter(|field| fields.contains(field)) {
                                    Some(field) => a href={ "#" (self.form) "-" (field) } { (error.message) },
                                    None => (error.message),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
