//! The whole platform, from the first click to the freed seat, through the one address that routes as the ingress does.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod disorder;
mod full;
mod life;
mod live;
mod loss;
mod money;
mod operators;
mod overtaken;
mod people;
mod race;
mod rush;
mod secrets;
mod trace;
mod upgrade;
mod world;
