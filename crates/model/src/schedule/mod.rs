//! The schedule: a sorted set in Redis, the checkpoint beside it, and how a rebuild brings back what Redis has lost.
//!
//! The orders' stream is read by consumers, which apply each event to the set and acknowledge it; workers claim what is
//! due, publish its expiration, and complete. Redis may lose its newest writes (a crash, a failover, files of yesterday)
//! or all of them, and the stream as well. An own order's events are told again then; a foreign one's are not, but as long
//! as its `order:created` is in the stream its timer comes back.
//!
//! What has to be in one script, in which order floor and checkpoint are read and with what a checkpoint is compared is
//! said in `checkpoint.rs`; what a rebuild reads, may write and may remove in `rebuild.rs`; what must hold is in
//! `properties.rs`.
//!
//! A worker fails in three ways: it is killed, it stands still for as long as the environment likes, or no PubAck comes.
//! Time passes when every worker that does not stand still is done with what it holds: it counts in leases, each of which
//! is one unit, and two minutes are longer than all of them. A batch is one job or one message. Redis loses by going back
//! to what it had saved at some moment, which is chosen beforehand. Where workers do not fail while they fire, claiming,
//! publishing and completing are one step.
//!
//! Left out: partitions, each of which is a schedule of its own; claims ahead of time, and which job a worker prefers;
//! what fell out of a stream by its age; and a server that goes on taking writes after another one took over, whose
//! acknowledged events nobody knows to be lost (`min-replicas-to-write` keeps it from that). One that is left for another
//! and comes back in the same run is known to whoever was on both: everything is read again then.

mod apply;
mod checking;
mod checkpoint;
mod clocks;
mod enabled;
mod mistake;
mod progress;
mod properties;
mod rebuild;
mod scope;
mod set;
mod state;
mod step;
mod stream;
mod system;

pub use mistake::Mistake;
pub use properties::name;
pub use scope::Scope;
pub use state::State;
pub use step::Step;
pub use stream::{Fact, News};
pub use system::System;
