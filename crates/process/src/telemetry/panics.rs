//! A panic is an event like others: on one line, with its place, where the logs are collected.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
};

use crate::shutdown::panic_text;

/// Replaces the hook that writes several lines to stderr.
pub(super) fn log_them() {
    panic::set_hook(Box::new(log));
}

fn log(info: &PanicHookInfo<'_>) {
    let text = panic_text(info.payload());
    let location = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    // RUST_BACKTRACE decides, as without this hook.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(%location, thread, %backtrace, "panicked at {location}: {text}");
    } else {
        tracing::error!(%location, thread, "panicked at {location}: {text}");
    }
}
