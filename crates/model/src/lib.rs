//! The protocols as finite models, for a checker that visits every state they can get into.
//!
//! One folder a model: who pays for what ([`money`]), when timers run and how lost ones come back ([`schedule`]), and how
//! what the broker lost is told again ([`retelling`]). What each leaves out is said on its top.
//!
//! In all of them everything that can be late, lost, repeated or killed is so at every possible moment:
//!
//! - **Steps of the system** happen sooner or later: a relay publishes, a handler commits, time passes.
//! - **Steps of the environment** happen or not: buyers, crashes, losses, workers that stand still.
//!
//! A run ends when no step of the system is left. Each of them raises a measure of progress, so every run that the
//! environment leaves alone does end, from whatever state; what holds "in the end" is a property of the states in which
//! runs end. Each model has mistakes that make its protocol a wrong one, to see that the checker would find out.

pub mod money;
mod place;
pub mod retelling;
pub mod schedule;
