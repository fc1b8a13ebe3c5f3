//! `topology`: the one command that changes streams and consumers which are there.
//!
//! Services create what is missing and leave everything else as it is. This shows in what the broker differs from what
//! this build wants, and applies it where that loses nothing. It deletes nothing.

mod apply;
mod broker;
mod connection;
mod item;
mod look;
mod report;

use std::{
    io::Write as _,
    process::{ExitCode, Termination as _},
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use messaging::NatsSettings;
use messaging::topology::Topology;
use process::{self, Exit, config::Environment};
use report::Report;

/// Shows in what the streams and consumers of the broker differ from what this build wants, and applies it.
#[derive(Parser)]
#[command(name = "topology", after_help = HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// One JSON document on stdout instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Only looks and says what differs; this is what happens without a command.
    Show,
    /// Creates what is missing and changes what can be changed in place. Safe to repeat, and while services run.
    Apply,
    /// Lists the variables that it takes and judges those that are set, as the same command of a service does.
    Settings,
}

const HELP: &str = "\
Environment:
  NATS_URL         the broker, such as nats://admin:PASSWORD@nats-srv:4222; the user `admin` may do all of this
  NATS_CA_FILE     CA certificates to trust with tls:// in NATS_URL, instead of the system's authorities
  NATS_CLUSTER_ID  the prefix of the streams' names; ticketing
  NATS_REPLICAS    copies of each stream; 1, but copies that are there are only given up if it is set

Exit status:
  0   everything is as wanted (after `apply`: now)
  1   the broker does not answer, or refuses this user
  2   an argument is wrong
  3   something differs (after `apply`: still, and it says why)
  64  a variable of the environment is wrong";

/// `differs` in the list of exit statuses.
const DIFFERS: u8 = 3;

/// What the environment says.
struct Settings {
    nats: NatsSettings,
    /// Whether somebody has said how many copies there shall be.
    replicas_given: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Some(Command::Settings)) {
        return process::settings("topology", NatsSettings::read).report();
    }
    let mut env = Environment::from_process();
    let replicas_given = env.is_set("NATS_REPLICAS");
    let nats = NatsSettings::read(&mut env);
    let settings = match env.finish(nats) {
        Ok(nats) => Settings { nats, replicas_given },
        Err(mistakes) => {
            complain(&mistakes.to_string());
            return Exit::Misconfigured.report();
        }
    };
    match Box::pin(run(&arguments, &settings)).await {
        Ok(report) => {
            say(&if arguments.json { report.json() } else { report.to_string() });
            if report.differs() { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments, settings: &Settings) -> Result<Report> {
    let Settings { nats, replicas_given } = settings;
    let topology =
        Topology::new(&nats.cluster_id, usize::from(nats.replicas)).with_stream_bytes(nats.stream_bytes);
    let items = item::all(&topology, *replicas_given);
    let broker = connection::connect(nats, &topology).await?;
    // A user who may not look at all of it changes nothing.
    let looks = look::at_all(&broker, &items).await?;
    if matches!(arguments.command, Some(Command::Apply)) {
        return apply::all(&broker, &nats.cluster_id, &items).await;
    }
    Ok(Report::of_looks(&nats.cluster_id, &items, looks))
}

/// A reader that has closed stdout wants no more of it.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "topology: {text}");
}
