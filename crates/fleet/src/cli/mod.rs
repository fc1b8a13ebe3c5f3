//! What may be asked for on the command line.

mod acts;
mod dead_letters;
mod recovery;
mod timers;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use common::event::Id;

pub(crate) use acts::{AuditQuery, OperationsCommand, PauseArgs, PaymentsCommand, ResumeArgs};
pub(crate) use dead_letters::{DeadLettersCommand, LetterFilter, LetterList, ReplayArgs};
pub(crate) use recovery::{RebuildArgs, RetellArgs};
pub(crate) use timers::{Confirmation, TimerList, TimerSelection, TimersCommand};

/// Exit statuses and settings, as `--help` shows them.
const HELP: &str = "\
Settings, each from the first that has it: a flag, a variable, the file:
  address  --console URL       FLEET_CONSOLE  console = \"http://127.0.0.1:8090\"
  token    --token-file FILE   FLEET_TOKEN    token = \"...\"
  file     --config FILE       FLEET_CONFIG   default: ~/.config/ticketing/fleet.toml
A file named `-` is stdin. NO_COLOR, TERM and EDITOR are obeyed.

Instants are RFC 3339, a time of day in UTC (14:30), or from now (10m, -5m, now).

Exit status:
  0   done; `status`: it is well
  1   failed, in whole or in part
  2   an argument is wrong, or console refuses it
  3   `status`: something needs a person
  4   there is no such thing
  5   too late, or the count is another one: nothing was done
  6   the token is not known, or may not do that
  64  address or token are missing or wrong
  69  console, or a service that it needs, does not answer
  130 stopped by Ctrl-C";

/// Sees and moves everything on a ticketing platform, over the API of its console.
#[derive(Debug, Parser)]
#[command(name = "fleet", version, after_help = HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Print the API's own answer: one line of JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Whom to ask, and as whom. A token is never an argument: every user of a machine sees those.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Connection {
    /// Address of console, such as http://127.0.0.1:8090.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) console: Option<String>,
    /// File that holds the token and nothing else; `-` is stdin.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// File of settings.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything about one order: what became of it and why, its path, timer, money and dead letters.
    Order {
        /// The order.
        id: Id,
    },
    /// The schedule: list it, see what falls due, fire, move or cancel one or many.
    #[command(subcommand)]
    Timers(TimersCommand),
    /// Stop firing timers, everywhere at once, for a time at most.
    Pause(PauseArgs),
    /// End a pause.
    Resume(ResumeArgs),
    /// Read the orders' stream again and set each timer that is missing. It begins by itself when Redis has lost something.
    Rebuild(RebuildArgs),
    /// Tell again what has changed in a service. It does so by itself when the broker has lost events.
    Retell(RetellArgs),
    /// Messages that a consumer gave up: look, replay, discard.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Acts on many: list, look, confirm, abort.
    #[command(subcommand)]
    Operations(OperationsCommand),
    /// Money that is owed: list it, and close what a person has paid back.
    #[command(subcommand)]
    Payments(PaymentsCommand),
    /// Who did what, and who was refused.
    Audit(AuditQuery),
    /// Is it well? Ends with 3 if something needs a person.
    Status,
    /// The same, live on the whole terminal.
    Top,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print which operations of the API the commands call.
    #[command(hide = true)]
    Covered,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    fn wrong(line: &str) -> String {
        Cli::try_parse_from(line.split(' ')).unwrap_err().to_string()
    }

    #[test]
    fn one_thing_and_a_filter_exclude_each_other_and_one_of_them_is_needed() {
        for line in [
            "fleet timers fire o-1 --due-to now",
            "fleet timers fire",
            "fleet timers move o-1",
            "fleet timers move o-1 --to 10m --by 10m",
            "fleet timers cancel --ids-from ids o-1",
            "fleet dead-letters replay 1 --all",
            "fleet dead-letters replay --all --edit",
            "fleet dead-letters replay --all --group g",
            "fleet dead-letters replay",
            "fleet dead-letters discard 1",
            "fleet pause",
            "fleet pause --for 10m --until 12:00",
            "fleet payments settle p-1",
            "fleet retell --service orders",
            "fleet retell --since 2h",
            "fleet retell --service expiration --since 2h",
            "fleet retell --service orders --since lately",
            "fleet order o%2F",
        ] {
            assert!(wrong(line).contains("error:"), "{line}");
        }
    }

    #[test]
    fn yes_is_taken_only_together_with_the_expected_count() {
        assert!(wrong("fleet timers fire --due-to now --yes").contains("--count"));
        assert!(wrong("fleet timers fire --due-to now --count 2").contains("--yes"));
        assert!(wrong("fleet dead-letters discard --all --note x --yes").contains("--count"));
        assert!(wrong("fleet retell --service orders --since 2h --yes").contains("--count"));
        assert!(wrong("fleet timers fire o-1 --yes --count 1").contains("cannot be used"));
        assert!(Cli::try_parse_from("fleet timers fire --due-to now --yes --count 2".split(' ')).is_ok());
    }

    #[test]
    fn a_token_can_not_be_given_as_an_argument() {
        assert!(wrong("fleet --token t status").contains("--token"));
    }

    #[test]
    fn spans_may_begin_with_a_minus() {
        let line = "fleet timers move --due-from -5m --due-to 10m --by -30s";
        let Command::Timers(TimersCommand::Move(args)) =
            Cli::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("another command was read");
        };
        assert_eq!(args.by, Some(crate::when::Span(-30_000)));
    }
}
