//! Where the output of a child process goes: a log file, and on demand line by line to a listener.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::Command,
    thread,
};

use anyhow::{Context, Result};
use tokio::sync::mpsc::UnboundedSender;

/// Sends stdout and stderr of the command to the file, which grows over restarts, and to `echo`.
pub(crate) fn redirect(
    command: &mut Command,
    log: &Path,
    echo: Option<UnboundedSender<String>>,
) -> Result<()> {
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("open the log {}", log.display()))?;
    let Some(echo) = echo else {
        command.stdout(file.try_clone().context("share the log")?).stderr(file);
        return Ok(());
    };
    let (reader, writer) = std::io::pipe().context("make a pipe for the output")?;
    command.stdout(writer.try_clone().context("share the pipe")?).stderr(writer);
    thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // Neither a full disk nor a listener that went away may block the child.
            let _ = writeln!(file, "{line}");
            let _ = echo.send(line);
        }
    });
    Ok(())
}
