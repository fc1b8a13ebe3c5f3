//! The fault suite behind `cargo xtask chaos`: the whole platform on real servers, random work, and random faults in random
//! overlap; then everything is judged from outside.
//!
//! An episode is decided by its seed before anything starts ([`plan`], dealt by [`deck`]): servers, work and faults. A
//! [`world`] is started, [`faults`] are done to it while the [`workload`] goes on, each proves in the [`timeline`] that it
//! is really in force, and in the end all is healed and comes to rest ([`episode`]). What the outside saw goes to the judge.
//! [`run`] plays many of them, [`coverage`] counts what was in force, [`shrink`] looks for fewer faults that fail as well,
//! and [`report`] tells a person.

mod access;
mod available;
mod coverage;
mod deck;
mod episode;
mod faults;
mod harms;
mod kind;
mod options;
mod phase;
mod plan;
mod report;
mod role;
mod run;
mod shape;
mod shrink;
mod skew;
mod timeline;
mod workload;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use options::Options;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    run::prepare(&options)?;
    testkit::until_interrupted(run::run(&options))
}
