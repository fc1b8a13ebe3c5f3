//! Console's engine against a real broker: the audit, the dead letters, and acts on many.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod audit;
mod bulk;
mod index;
mod letters;
mod world;
