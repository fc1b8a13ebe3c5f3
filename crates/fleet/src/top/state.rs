//! What the screen knows, and what a person has chosen to see.

use std::collections::VecDeque;

use common::{clock, internal::Forecast, operator::Status};

use super::keys::Key;
use crate::exit::Failure;

/// Statuses that the sparkline remembers.
const REMEMBERED: usize = 240;

/// What there is to tell.
#[derive(Debug)]
pub(super) enum News {
    Status(Box<Status>),
    Forecast(Box<Forecast>),
    /// Console does not answer; it is tried again.
    Lost(String),
    /// It is not tried again.
    Refused(Failure),
}

/// Everything that is drawn.
#[derive(Debug)]
pub(super) struct State {
    pub(super) address: String,
    pub(super) colour: bool,
    /// What is shown, which a person may hold.
    pub(super) status: Option<Status>,
    pub(super) forecast: Option<Forecast>,
    /// How many were due or claimed, of each status, the newest last.
    pub(super) in_work: VecDeque<u64>,
    /// Why console does not answer, and since when.
    pub(super) lost: Option<(String, i64)>,
    pub(super) is_held: bool,
    pub(super) shows_help: bool,
    /// Lines of the lower half above its window.
    pub(super) scroll: usize,
    /// How many lines can be scrolled, and how many the window has: set by the view.
    pub(super) room: (usize, usize),
}

impl State {
    pub(super) fn new(address: &str, colour: bool) -> Self {
        Self {
            address: address.to_owned(),
            colour,
            status: None,
            forecast: None,
            in_work: VecDeque::new(),
            lost: None,
            is_held: false,
            shows_help: false,
            scroll: 0,
            room: (0, 0),
        }
    }

    /// Takes a piece of news. While the picture is held, only that console is away is new.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Status(status) => {
                self.lost = None;
                if self.is_held {
                    return;
                }
                if let Some(schedule) = &status.schedule {
                    self.in_work.push_back(schedule.due + schedule.claimed);
                    self.in_work.drain(..self.in_work.len().saturating_sub(REMEMBERED));
                }
                self.status = Some(*status);
            }
            News::Forecast(forecast) if !self.is_held => self.forecast = Some(*forecast),
            News::Lost(why) if self.lost.is_none() => self.lost = Some((why, clock::now_ms())),
            News::Forecast(_) | News::Lost(_) | News::Refused(_) => {}
        }
    }

    /// Obeys a key.
    pub(super) fn press(&mut self, key: Key) {
        let (lines, window) = self.room;
        let last = lines.saturating_sub(window);
        self.scroll = match key {
            Key::Up => self.scroll.saturating_sub(1),
            Key::Down => self.scroll + 1,
            Key::PageUp => self.scroll.saturating_sub(window),
            Key::PageDown => self.scroll + window,
            Key::Home => 0,
            Key::End => last,
            Key::Hold | Key::Help | Key::Quit | Key::Redraw => self.scroll,
        }
        .min(last);
        match key {
            Key::Hold => self.is_held = !self.is_held,
            Key::Help => self.shows_help = !self.shows_help,
            _ => {}
        }
    }
}
