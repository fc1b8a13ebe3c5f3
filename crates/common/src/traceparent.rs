//! The W3C `traceparent` header, which ties together what several services do for one request.
//!
//! Source: W3C Trace Context, <https://www.w3.org/TR/trace-context/#traceparent-header>, version 00.

use std::{fmt, str::FromStr};

/// The header, in HTTP and on the broker alike.
pub const TRACEPARENT: &str = "traceparent";

/// A valid `traceparent` of version 00: `00-<trace id>-<parent id>-<flags>`, in lowercase hex, no id zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Traceparent {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

/// The flag that says that the trace is recorded; we know of no reason not to.
const SAMPLED: u8 = 1;

impl Traceparent {
    /// The start of a new trace.
    pub fn generate() -> Self {
        Self { trace_id: rand::random_range(1..=u128::MAX), parent_id: new_parent_id(), flags: SAMPLED }
    }

    /// The next step of the same trace: what a service passes on.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { parent_id: new_parent_id(), ..*self }
    }

    /// The id that all steps of a trace share, as 32 lowercase hex digits. For logs.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn new_parent_id() -> u64 {
    rand::random_range(1..=u64::MAX)
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

/// A text that is not a `traceparent` of version 00. A reader starts a new trace instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a traceparent: expected 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, lowercase, no id all zero"
)]
pub struct InvalidTraceparent;

impl FromStr for Traceparent {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let parts: Vec<&str> = text.split('-').collect();
        let ["00", trace_id, parent_id, flags] = parts[..] else { return Err(InvalidTraceparent) };
        let trace_id = hex(trace_id, 32).filter(|id| *id != 0);
        let parent_id = hex(parent_id, 16).filter(|id| *id != 0).and_then(|id| u64::try_from(id).ok());
        let flags = hex(flags, 2).and_then(|flags| u8::try_from(flags).ok());
        match (trace_id, parent_id, flags) {
            (Some(trace_id), Some(parent_id), Some(flags)) => Ok(Self { trace_id, parent_id, flags }),
            _ => Err(InvalidTraceparent),
        }
    }
}

/// `from_str_radix` alone would take capitals and a sign.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let legal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() == digits && legal { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_standard_is_read_and_written() {
        let read: Traceparent = EXAMPLE.parse().unwrap();
        assert_eq!(read.to_string(), EXAMPLE);
        assert_eq!(read.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for text in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(text.parse::<Traceparent>(), Err(InvalidTraceparent), "{text}");
        }
    }

    #[test]
    fn a_child_keeps_its_trace_and_has_an_id_of_its_own() {
        let parent: Traceparent = EXAMPLE.parse().unwrap();
        let child = parent.child();
        assert_eq!((child.trace_id, child.flags), (parent.trace_id, parent.flags));
        assert_ne!(child.parent_id, parent.parent_id);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(trace_id in 1..=u128::MAX, parent_id in 1..=u64::MAX, flags: u8) {
            let written = Traceparent { trace_id, parent_id, flags };
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn a_text_that_is_read_is_written_the_same(text in "0[01]-[0-9a-fA-F]{32}-[0-9a-f]{16}-[0-9a-f]{2}") {
            if let Ok(read) = text.parse::<Traceparent>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn a_new_trace_is_valid_and_unlike_any_other(_run in 0..50) {
            let (one, other) = (Traceparent::generate(), Traceparent::generate());
            prop_assert_eq!(one.to_string().parse(), Ok(one));
            prop_assert_ne!(one.trace_id, other.trace_id);
        }
    }
}
