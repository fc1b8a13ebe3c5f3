//! A form that does something: closed, it is its name; open, it says on what it acts, whose decision that is and why.

use maud::{Markup, html};

use super::{again::Again, field::Field, reader::Reader};

/// A form that does something.
#[derive(Debug)]
pub(super) struct Deed<'a> {
    /// Its name on the page, of which there is one.
    pub(super) form: &'a str,
    /// The operation of the API that it stands for, if it is one.
    pub(super) operation: Option<&'a str>,
    /// Where it is sent.
    pub(super) action: String,
    /// What it does, in two or three words.
    pub(super) name: &'a str,
    /// On what it acts, whose decision that is and why.
    pub(super) terms: Markup,
    pub(super) fields: &'a [Field<'a>],
    /// What it knows without being typed.
    pub(super) fixed: &'a [(&'a str, &'a str)],
    /// Whether it can't be undone.
    pub(super) is_final: bool,
}

impl Deed<'_> {
    /// The form; nothing for a reader who may not act.
    pub(super) fn shown(&self, reader: &Reader, again: &Again) -> Markup {
        html! {
            @if reader.may_act() {
                details.deed open[again.is(self.form)] {
                    summary { (self.name) }
                    (self.bare(reader, again))
                }
            }
        }
    }

    /// The form without its being opened first.
    pub(super) fn bare(&self, reader: &Reader, again: &Again) -> Markup {
        html! {
            form id={ "form-" (self.form) } method="post" action=(self.action) data-operation=[self.operation] {
                (reader.token)
                @for (name, value) in self.fixed { input type="hidden" name=(name) value=(value); }
                div.terms { (self.terms) }
                @for field in self.fields { (field.shown(self.form, again)) }
                p.actions { button.danger[self.is_final] { (self.name) } }
            }
        }
    }
}
