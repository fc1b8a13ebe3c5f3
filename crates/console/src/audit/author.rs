//! Who an entry is about.

use crate::access::Actor;

/// Whoever acts, as the audit names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The name of the token or of the proxy's user; empty where nobody is known.
    pub who: String,
    /// `viewer`, `operator` or empty.
    pub role: String,
    /// From where, as far as the connection tells.
    pub from: Option<String>,
    /// The trace of the request.
    pub trace_id: String,
}

impl From<&Actor> for Author {
    fn from(actor: &Actor) -> Self {
        Self {
            who: actor.name().to_owned(),
            role: actor.role().to_owned(),
            from: actor.from().map(str::to_owned),
            trace_id: actor.trace_id(),
        }
    }
}

impl From<&Author> for Author {
    fn from(author: &Author) -> Self {
        author.clone()
    }
}
