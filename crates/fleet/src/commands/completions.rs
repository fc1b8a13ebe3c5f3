//! `fleet completions`

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::{cli::Cli, exit::Exit, out::Out};

/// Prints what a shell has to be told.
pub(crate) fn run(shell: Shell, out: &Out) -> Exit {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), "fleet", &mut text);
    out.say(&String::from_utf8_lossy(&text));
    Exit::Done
}
