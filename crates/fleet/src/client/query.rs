//! What stands behind the `?` of a path.

use std::fmt::Display;

use form_urlencoded::Serializer;

/// Pairs of those that are given.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// With this one, if there is a value.
    pub(crate) fn with(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Behind this path.
    pub(super) fn on(self, path: String) -> String {
        if self.0.is_empty() {
            return path;
        }
        let query = Serializer::new(String::new()).extend_pairs(self.0).finish();
        format!("{path}?{query}")
    }
}
