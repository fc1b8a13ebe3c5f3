//! `fleet`: the operators' command line, over the API of `console`. What the pages can do, it can.
//!
//! `cli` says what may be asked for, `settings` whom to ask, `client` asks, `commands` has a file for each family, and `top` is
//! the screen.

mod bars;
mod call;
mod cli;
mod client;
mod commands;
mod exit;
mod out;
mod settings;
mod shown;
mod style;
mod table;
mod top;
mod when;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};
use client::Client;
use exit::{Exit, Failure};
use out::Out;
use process::config::Environment;
use settings::Settings;

/// Reads the command line and does what it says. Called by `main`.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut env = Environment::from_process();
    let out = Out::new(cli.json, &mut env);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(run(cli, env, &out))),
        Err(error) => Err(Failure::failed(format!("no runtime: {error}"))),
    };
    let exit = result.unwrap_or_else(|failure| out.complain(&failure));
    // What was asked of the broker or an editor has ended; a thread that still waits for a key would wait for ever.
    ExitCode::from(exit.code())
}

async fn run(cli: Cli, env: Environment, out: &Out) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Completions { shell } => return Ok(commands::completions::run(*shell, out)),
        Command::Covered => return commands::covered::run(out),
        _ => {}
    }
    let mut env = env;
    let editor = commands::edit::Editor::read(&mut env);
    let settings = Settings::read(&cli.connection, env).map_err(Failure::settings)?;
    settings.warnings.iter().for_each(|warning| out.note(warning));
    let client = Client::new(&settings)?;
    match cli.command {
        Command::Order { id } => commands::order::run(&client, out, &id).await,
        Command::Timers(command) => commands::timers::run(&client, out, command).await,
        Command::Pause(act) => commands::pause::pause(&client, out, act).await,
        Command::Resume(act) => commands::pause::resume(&client, out, act).await,
        Command::Rebuild(args) => commands::rebuild::run(&client, out, args).await,
        Command::Retell(args) => commands::retell::run(&client, out, args).await,
        Command::DeadLetters(command) => commands::dead_letters::run(&client, out, &editor, command).await,
        Command::Operations(command) => commands::operations::run(&client, out, command).await,
        Command::Payments(command) => commands::payments::run(&client, out, command).await,
        Command::Audit(query) => commands::audit::run(&client, out, &query).await,
        Command::Status => commands::status::run(&client, out).await,
        Command::Top => Box::pin(top::run(&client, out)).await,
        Command::Completions { .. } | Command::Covered => Ok(Exit::Done),
    }
}
