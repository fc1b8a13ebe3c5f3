//! Whoever asks for something.

use common::traceparent::Traceparent;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// See.
    Viewer,
    /// See and act.
    Operator,
}

impl Role {
    /// As the audit has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

/// Whoever asks for something. Only [`super::Access`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    role: Option<Role>,
    from: Option<String>,
    trace: Traceparent,
}

impl Actor {
    pub(super) fn new(name: String, role: Role, from: Option<String>, trace: Traceparent) -> Self {
        Self { name, role: Some(role), from, trace }
    }

    pub(super) fn nobody(from: Option<String>, trace: Traceparent) -> Self {
        Self { name: String::new(), role: None, from, trace }
    }

    /// The name of the token, or of the proxy's user; empty where nobody is known.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they may do; empty where nobody is known.
    pub fn role(&self) -> &'static str {
        self.role.map_or("", Role::as_str)
    }

    /// Whether they may act, unless nobody may.
    pub fn is_operator(&self) -> bool {
        self.role == Some(Role::Operator)
    }

    /// From where they ask, as far as the connection tells.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The trace of the request, 32 hex digits.
    pub fn trace_id(&self) -> String {
        self.trace.trace_id()
    }

    /// The trace of the request.
    pub fn trace(&self) -> Traceparent {
        self.trace
    }
}
