//! `fleet top`: the status, live on the whole terminal.

mod feed;
mod keys;
#[cfg(test)]
pub(crate) mod sample;
mod screen;
mod state;
mod view;

use std::io::IsTerminal as _;

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    client::Client,
    exit::{Exit, Failure},
    out::Out,
};
use keys::Key;
use screen::Screen;
use state::{News, State};

/// Shows it until `q`; with `--json` each status as a line, until Ctrl-C.
pub(crate) async fn run(client: &Client, out: &Out) -> Result<Exit, Failure> {
    if out.json {
        return lines(client, out).await;
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::usage("top needs a terminal: try `fleet status`, or `fleet top --json`"));
    }
    // A wrong token, or a console that is away, is said in the usual way and not on a screen.
    client.get_status().await?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(Failure::failed)?;
    let mut news = feed::start(client.clone());
    let mut keys = keys::start();
    let mut state = State::new(client.address(), out.style.colour);
    let mut screen = Screen::open().map_err(|error| Failure::failed(format!("the terminal: {error}")))?;
    loop {
        screen.draw(&mut state).map_err(|error| Failure::failed(format!("the terminal: {error}")))?;
        tokio::select! {
            piece = news.recv() => match piece {
                Some(News::Refused(failure)) => {
                    drop(screen);
                    return Err(failure);
                }
                Some(piece) => state.hear(piece),
                None => return Ok(Exit::Done),
            },
            key = keys.recv() => match key {
                Some(Key::Quit) | None => return Ok(Exit::Done),
                Some(key) => state.press(key),
            },
            _ = interrupt.recv() => return Ok(Exit::Interrupted),
            _ = terminate.recv() => return Ok(Exit::Interrupted),
            _ = hang_up.recv() => return Ok(Exit::Interrupted),
        }
    }
}

async fn lines(client: &Client, out: &Out) -> Result<Exit, Failure> {
    let mut events = client.stream_status().await?;
    while let Some(event) = events.next().await? {
        out.say(&event);
    }
    Err(Failure::away("console has ended the stream"))
}
