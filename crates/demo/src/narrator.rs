//! Tells what happens, one line a thing, in the order in which it happened.
//!
//! Streams are read side by side, so that an effect may arrive before its cause: every moment waits for a blink and
//! is told in the order of time. Where there are too many orders to follow, a few of them are, and the rest is a sum
//! every second.

use std::{collections::HashMap, time::Duration};

use common::clock;
use judge::streams::Stored;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::{
    ledger::Ledger,
    line::{as_json, as_text},
    moment::Moment,
    text::{self, Tone},
};
use testkit::terminal::write;

/// How long a moment waits for an earlier one.
const BLINK_MS: i64 = 100;
const LOOK: Duration = Duration::from_millis(25);
const SUM_EVERY: Duration = Duration::from_secs(1);

/// How it is told.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) json: bool,
    pub(super) colour: bool,
    /// Numbers of the orders that are told line by line.
    pub(super) followed: Vec<usize>,
    /// How many orders there are.
    pub(super) orders: usize,
}

/// Takes what happens. Clones tell the same story.
#[derive(Clone, Debug)]
pub(super) struct Narrator(mpsc::UnboundedSender<Told>);

#[derive(Debug)]
enum Told {
    Happening(Moment),
    Stored(Stored),
    Act(i64, String),
    /// Tell everything now, and say when it is done.
    Flush(oneshot::Sender<()>),
}

impl Narrator {
    /// Starts to tell, on stdout.
    pub(super) fn start(manner: Manner, ledger: Ledger) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let teller = Teller {
            manner,
            ledger,
            begin_ms: None,
            waiting: Vec::new(),
            sums: HashMap::new(),
            summed: None,
        };
        tokio::spawn(teller.run(receiver));
        Self(sender)
    }

    /// Tells nothing.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self(mpsc::unbounded_channel().0)
    }

    pub(super) fn tell(&self, moment: Moment) {
        let _ = self.0.send(Told::Happening(moment));
    }

    pub(super) fn stored(&self, message: Stored) {
        let _ = self.0.send(Told::Stored(message));
    }

    /// A new act begins.
    pub(super) fn act(&self, headline: impl Into<String>) {
        let _ = self.0.send(Told::Act(clock::now_ms(), headline.into()));
    }

    /// Waits until everything is told.
    pub(super) async fn flush(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.0.send(Told::Flush(sender)).is_ok() {
            let _ = receiver.await;
        }
    }
}

struct Teller {
    manner: Manner,
    ledger: Ledger,
    begin_ms: Option<i64>,
    waiting: Vec<Told>,
    /// Moments by event.
    sums: HashMap<String, usize>,
    /// When the last sum was told, and its text.
    summed: Option<(i64, String)>,
}

impl Teller {
    async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Told>) {
        let mut ticks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                told = receiver.recv() => match told {
                    None => return,
                    Some(Told::Flush(done)) => {
                        self.catch_up(i64::MAX);
                        self.sum(clock::now_ms(), Duration::ZERO);
                        let _ = done.send(());
                    }
                    Some(told) => self.waiting.push(told),
                },
                _ = ticks.tick() => {
                    let until_ms = clock::now_ms() - BLINK_MS;
                    self.catch_up(until_ms);
                    self.sum(until_ms, SUM_EVERY);
                }
            }
        }
    }

    /// Tells what happened until then.
    fn catch_up(&mut self, until_ms: i64) {
        let (mut ripe, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|told| told.at_ms() <= until_ms);
        self.waiting = waiting;
        // Stable: what happened within one millisecond stays as it came.
        ripe.sort_by_key(Told::at_ms);
        for told in ripe {
            match told {
                Told::Happening(moment) => self.moment(&moment),
                Told::Stored(message) => self.moment(&Moment::stored(&message, &self.ledger)),
                Told::Act(at_ms, headline) => self.act(at_ms, &headline),
                Told::Flush(_) => {}
            }
        }
    }

    fn act(&mut self, at_ms: i64, headline: &str) {
        if self.manner.json {
            let since_ms = self.since_ms(at_ms);
            let line = json!({ "event": "act", "at": text::instant(at_ms), "sinceMs": since_ms, "detail": headline });
            return write(&line.to_string());
        }
        // A new act begins with the sum of the one before.
        self.sum(at_ms, Duration::ZERO);
        write(&text::bold(&format!("── {headline}"), self.manner.colour));
    }

    fn moment(&mut self, moment: &Moment) {
        *self.sums.entry(moment.event.clone()).or_default() += 1;
        let since_ms = self.since_ms(moment.at_ms);
        if self.manner.json {
            return write(&as_json(moment, since_ms).to_string());
        }
        if self.is_shown(moment) {
            let line = as_text(moment, since_ms, self.manner.colour);
            write(&line);
        }
    }

    /// Seats go on sale all at once, and the act says so.
    fn is_shown(&self, moment: &Moment) -> bool {
        match (moment.event.as_str(), moment.number) {
            ("ticket:created", _) => false,
            (_, Some(number)) => self.manner.followed.contains(&number),
            ("ticket:updated", None) => self.follows_all(),
            _ => true,
        }
    }

    /// Tells how far it has come by then, if that is news and the last time was long enough ago.
    fn sum(&mut self, at_ms: i64, pause: Duration) {
        let since_last = self.summed.as_ref().map(|(last_ms, _)| at_ms.saturating_sub(*last_ms));
        let due = since_last.is_none_or(|since| since.unsigned_abs() >= pause.as_millis() as u64);
        let of = |event: &str| text::count(self.sums.get(event).copied().unwrap_or_default());
        if self.manner.json || self.follows_all() || !due || of("order:created") == "0" {
            return;
        }
        let sum = format!(
            "of {}: {} ordered, {} complete, {} timers fired, {} cancelled",
            text::count(self.manner.orders),
            of("order:created"),
            of("order complete"),
            of("expiration:complete"),
            of("order:cancelled"),
        );
        if self.summed.as_ref().is_some_and(|(_, last)| *last == sum) {
            return;
        }
        let moment = Moment { at_ms, ..Moment::now("so far", &*sum, Tone::Plain) };
        write(&as_text(&moment, self.since_ms(at_ms), self.manner.colour));
        self.summed = Some((at_ms, sum));
    }

    fn follows_all(&self) -> bool {
        self.manner.followed.len() == self.manner.orders
    }

    fn since_ms(&mut self, at_ms: i64) -> i64 {
        at_ms - *self.begin_ms.get_or_insert(at_ms)
    }
}

impl Told {
    fn at_ms(&self) -> i64 {
        match self {
            Self::Happening(moment) => moment.at_ms,
            Self::Stored(message) => message.at_ms,
            Self::Act(at_ms, _) => *at_ms,
            Self::Flush(_) => i64::MAX,
        }
    }
}
