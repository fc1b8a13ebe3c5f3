//! Parameters as Stripe takes them: form-encoded, with brackets for what is inside of something.

use form_urlencoded::byte_serialize;

/// The parameters of a call. The same in the same order each time: Stripe compares them with those kept under the key.
pub(super) struct Form(String);

impl Form {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    /// With one more parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// The text that is sent.
    pub(super) fn encode(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded() {
        let form = Form::new().with("metadata[order]", "a&b=c d").with("amount", "1999");
        assert_eq!(form.encode(), "metadata%5Border%5D=a%26b%3Dc+d&amount=1999");
    }
}
