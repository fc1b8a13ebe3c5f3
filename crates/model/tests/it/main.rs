//! Every state of the protocol of money, and of its wrong versions until one is found out.

#![expect(clippy::print_stdout, reason = "how many states there are is half of the result")]

mod right;
mod scopes;
mod wrong;
