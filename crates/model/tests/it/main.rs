//! Every state of the protocols, and of their wrong versions until one is found out.

#![expect(clippy::print_stdout, reason = "how many states there are is half of the result")]

mod checks;
mod money;
mod retelling;
mod schedule;
