//! A field of a form, with what is wrong with it.

use maud::{Markup, html};

use super::again::Again;

/// How a field is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line.
    Text,
    /// A number.
    Number,
    /// What nobody may look at.
    Secret,
    /// A date and a time of day.
    Instant,
    /// Lines: so many are to be seen.
    Lines(u8),
}

/// One field of a form. Its name is that of the API's body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
    pub(super) hint: Option<&'a str>,
    /// What stands in it until something is typed.
    pub(super) value: &'a str,
    pub(super) required: bool,
}

impl<'a> Field<'a> {
    /// A line that may be left empty.
    pub(super) const fn new(name: &'a str, label: &'a str, kind: Kind) -> Self {
        Self { name, label, kind, hint: None, value: "", required: false }
    }

    pub(super) const fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) const fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The field in this form.
    pub(super) fn shown(&self, form: &str, again: &Again) -> Markup {
        let id = format!("{form}-{}", self.name);
        let error = again.error(form, self.name);
        let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
        let mut described: Vec<&str> = Vec::new();
        described.extend(self.hint.map(|_| hint_id.as_str()));
        described.extend(error.map(|_| error_id.as_str()));
        let described = (!described.is_empty()).then(|| described.join(" "));
        let invalid = error.map(|_| "true");
        let focus = again.is_first(form, self.name);
        let typed = again.text(form, self.name).filter(|_| self.kind != Kind::Secret).unwrap_or(self.value);
        let kind = match self.kind {
            Kind::Secret => "password",
            Kind::Instant => "datetime-local",
            Kind::Text | Kind::Number | Kind::Lines(_) => "text",
        };
        html! {
            div.field {
                label for=(id) { (self.label) }
                @if let Some(hint) = self.hint { p.hint id=(hint_id) { (hint) } }
                @match self.kind {
                    Kind::Lines(rows) => {
                        textarea id=(id) name=(self.name) rows=(rows) spellcheck="false" required[self.required]
                            autofocus[focus] aria-invalid=[invalid] aria-describedby=[described] {
                            // A browser drops the first line break.
                            "\n" (typed)
                        }
                    }
                    _ => {
                        input id=(id) name=(self.name) type=(kind) value=[Some(typed).filter(|text| !text.is_empty())]
                            autocomplete=(if self.kind == Kind::Secret { "current-password" } else { "off" })
                            step=[(self.kind == Kind::Instant).then_some("1")]
                            inputmode=[(self.kind == Kind::Number).then_some("numeric")]
                            required[self.required] autofocus[focus] aria-invalid=[invalid]
                            aria-describedby=[described];
                    }
                }
                @if let Some(error) = error { p.error id=(error_id) { (error) } }
            }
        }
    }
}

/// Why something is done, for the audit.
pub(super) const fn note(required: bool) -> Field<'static> {
    let field = Field::new("note", "Why", Kind::Text);
    if required {
        field.hint("At most 1,000 characters. It is kept in the audit.").required()
    } else {
        field.hint("For the audit; may be left empty.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_a_label_a_hint_and_an_id_of_its_own_form() {
        let field = Field::new("to", "To", Kind::Instant).hint("In UTC").required();
        let html = field.shown("move", &Again::default()).into_string();
        for part in [
            r#"<label for="move-to">To</label>"#,
            r#"aria-describedby="move-to-hint""#,
            "required",
            r#"step="1""#,
        ] {
            assert!(html.contains(part), "{html}");
        }
        assert!(!html.contains("aria-invalid"));
    }

    #[test]
    fn what_stands_in_a_field_is_escaped() {
        let text = "</textarea><script>alert(1)</script>";
        let html = Field::new("body", "Body", Kind::Lines(9)).value(text).shown("edit", &Again::default());
        assert!(!html.into_string().contains("<script>"));
        let html =
            Field::new("who", "Who", Kind::Text).value("\"><script>").shown("audit", &Again::default());
        assert!(!html.into_string().contains("<script>"));
    }
}
