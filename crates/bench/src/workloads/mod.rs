//! The work that contenders are given, all of it through JetStream from the outside, and always on fresh servers.

mod burst;
mod cancel;
mod chain;
mod growth;
mod live;
mod memory;
mod mixed;
mod operators;
mod pages;
mod pay;
mod platform;
mod purchase;
mod rebuild;
mod rush;
mod schedule;
mod soak;
mod start;
mod steady;
mod webhooks;

use anyhow::Result;

pub(crate) use pages::Page;

use crate::{contender::Contender, limits, sample::Figures, sizes::Sizes};

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Workload {
    /// A backlog of orders waits in the stream; and the same while they are being published.
    Schedule,
    /// Many orders are due in the same millisecond.
    Burst,
    /// Orders come and expire at a steady rate.
    Steady,
    /// A steady flow while a backlog drains.
    Mixed,
    /// What pending jobs take of Redis and of the worker.
    Memory,
    /// What a job costs, with ever more of them pending.
    Growth,
    /// From `expiration:complete` stored to `order:cancelled` stored, by `orders` alone.
    Cancel,
    /// From `payment:created` stored to `order:completed` stored, by `orders` alone.
    Pay,
    /// From a buyer's request to `payment:settled` stored, by everything together, against the stand-in for Stripe.
    Purchase,
    /// What Stripe tells, to `payments` alone: from the request to its answer.
    Webhooks,
    /// From due to `order:cancelled` stored, by everything together.
    Chain,
    /// Several workers on one schedule.
    Replicas,
    /// From the start of a process to the first event that it fires.
    Start,
    /// Buyers who all order at the same moment, over HTTP.
    Rush,
    /// The shop's pages, by one core, beside a handler that has the page ready.
    Pages,
    /// From a seat that becomes free to every open page of the shop.
    Live,
    /// What operators ask of `console` with many timers pending, and what those cost who watch.
    Operators,
    /// From a wiped Redis to the schedule as it was.
    Rebuild,
    /// An hour of load, with memory watched. Only when it is asked for.
    Soak,
}

/// A workload with its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Case {
    /// The broker's, Redis' or axum's own rate, before and after the contenders of each round.
    Consume(usize),
    Publish(usize),
    Claim(usize),
    Minimal {
        seconds: u64,
    },
    Waiting(usize),
    Arriving(usize),
    Burst(usize),
    Steady {
        rate: usize,
        seconds: u64,
    },
    Mixed {
        backlog: usize,
        rate: usize,
    },
    Memory(usize),
    Growth {
        pending: usize,
        fired: usize,
    },
    Cancel(usize),
    CancelSteady {
        rate: usize,
        seconds: u64,
    },
    Pay(usize),
    PaySteady {
        rate: usize,
        seconds: u64,
    },
    Purchase {
        rate: usize,
        seconds: u64,
    },
    Webhooks(usize),
    WebhooksSteady {
        rate: usize,
        seconds: u64,
    },
    Chain(usize),
    Replicas {
        workers: usize,
        count: usize,
    },
    Start {
        pending: usize,
    },
    Rush {
        buyers: usize,
        tickets: usize,
    },
    Pages {
        page: Page,
        seconds: u64,
    },
    Live {
        pages: usize,
    },
    Operators {
        pending: usize,
        viewers: usize,
        seconds: u64,
    },
    Rebuild(usize),
    Soak {
        rate: usize,
        minutes: u64,
    },
}

impl Workload {
    /// What is measured unless something else is asked for.
    pub(crate) const ALL: [Self; 18] = [
        Self::Schedule,
        Self::Burst,
        Self::Steady,
        Self::Mixed,
        Self::Memory,
        Self::Growth,
        Self::Cancel,
        Self::Pay,
        Self::Purchase,
        Self::Webhooks,
        Self::Chain,
        Self::Replicas,
        Self::Start,
        Self::Rush,
        Self::Pages,
        Self::Live,
        Self::Operators,
        Self::Rebuild,
    ];

    /// As it stands in the results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Burst => "burst",
            Self::Steady => "steady",
            Self::Mixed => "mixed",
            Self::Memory => "memory",
            Self::Growth => "growth",
            Self::Cancel => "cancel",
            Self::Pay => "pay",
            Self::Purchase => "purchase",
            Self::Webhooks => "webhooks",
            Self::Chain => "chain",
            Self::Replicas => "replicas",
            Self::Start => "start",
            Self::Rush => "rush",
            Self::Pages => "pages",
            Self::Live => "live",
            Self::Operators => "operators",
            Self::Rebuild => "rebuild",
            Self::Soak => "soak",
        }
    }

    /// The limits of the servers that its shares refer to: measured before and after the contenders of each round.
    pub(crate) fn limits(self, sizes: &Sizes) -> Vec<Case> {
        match self {
            Self::Schedule => vec![Case::Consume(sizes.schedule)],
            Self::Burst => vec![Case::Publish(sizes.limit), Case::Claim(sizes.limit)],
            Self::Replicas => vec![Case::Publish(sizes.limit)],
            Self::Pages => vec![Case::Minimal { seconds: sizes.seconds }],
            _ => Vec::new(),
        }
    }

    /// What is measured of each contender.
    pub(crate) fn cases(self, sizes: &Sizes) -> Vec<Case> {
        match self {
            Self::Schedule => vec![Case::Waiting(sizes.schedule), Case::Arriving(sizes.schedule)],
            Self::Burst => sizes.burst.iter().map(|count| Case::Burst(*count)).collect(),
            Self::Steady => {
                let seconds = sizes.seconds;
                sizes.rates.iter().map(|rate| Case::Steady { rate: *rate, seconds }).collect()
            }
            Self::Mixed => vec![Case::Mixed { backlog: sizes.mixed, rate: 1_000 }],
            Self::Memory => vec![Case::Memory(sizes.pending)],
            Self::Growth => sizes
                .growth
                .iter()
                .map(|pending| Case::Growth { pending: *pending, fired: sizes.growth_fired })
                .collect(),
            Self::Cancel => {
                vec![Case::Cancel(sizes.cancel), Case::CancelSteady { rate: 500, seconds: sizes.seconds }]
            }
            Self::Pay => vec![Case::Pay(sizes.cancel), Case::PaySteady { rate: 500, seconds: sizes.seconds }],
            Self::Purchase => vec![Case::Purchase { rate: 200, seconds: sizes.seconds }],
            Self::Webhooks => vec![
                Case::Webhooks(sizes.webhooks),
                Case::WebhooksSteady { rate: 1_000, seconds: sizes.seconds },
            ],
            Self::Chain => vec![Case::Chain(sizes.chain)],
            Self::Replicas => {
                [1, 2, 4].map(|workers| Case::Replicas { workers, count: sizes.limit }).to_vec()
            }
            Self::Start => vec![Case::Start { pending: sizes.pending }],
            Self::Rush => vec![Case::Rush { buyers: 1_000, tickets: 100 }],
            Self::Pages => [Page::Tickets, Page::Compressed, Page::Order]
                .map(|page| Case::Pages { page, seconds: sizes.seconds })
                .to_vec(),
            Self::Live => vec![Case::Live { pages: sizes.pages }],
            Self::Operators => vec![Case::Operators {
                pending: sizes.operators,
                viewers: sizes.viewers,
                seconds: sizes.seconds,
            }],
            Self::Rebuild => vec![Case::Rebuild(sizes.rebuild)],
            Self::Soak => vec![Case::Soak { rate: 1_000, minutes: sizes.soak_minutes }],
        }
    }

    /// Whether it can be asked of this contender: what only we have, such as `orders`, is measured of us alone.
    pub(crate) fn suits(self, contender: Contender) -> bool {
        match self {
            Self::Schedule | Self::Burst | Self::Steady | Self::Mixed | Self::Soak => true,
            Self::Growth | Self::Replicas | Self::Start => {
                [Contender::Fleet, Contender::Before].contains(&contender)
            }
            // What a schedule takes is in the broker, among all the rest that it holds.
            Self::Memory => contender != Contender::Schedules,
            Self::Cancel
            | Self::Pay
            | Self::Purchase
            | Self::Webhooks
            | Self::Chain
            | Self::Rush
            | Self::Pages
            | Self::Live
            | Self::Operators
            | Self::Rebuild => contender == Contender::Fleet,
        }
    }
}

impl Case {
    /// Measures it once, on servers of its own.
    pub(crate) async fn measure(self, contender: Contender) -> Result<Figures> {
        let rate = |rate| Figures::default().with("per_second", rate);
        match self {
            Self::Consume(count) => Ok(rate(limits::broker::consume(count).await?)),
            Self::Publish(count) => Ok(rate(limits::broker::publish(count).await?)),
            Self::Claim(count) => Ok(rate(limits::redis::claim_and_complete(count).await?)),
            Self::Minimal { seconds } => Box::pin(pages::minimal(seconds)).await,
            Self::Waiting(count) => schedule::waiting(contender, count).await,
            Self::Arriving(count) => schedule::arriving(contender, count).await,
            Self::Burst(count) => burst::measure(contender, 1, count).await,
            Self::Replicas { workers, count } => burst::measure(contender, workers, count).await,
            Self::Steady { rate, seconds } => steady::measure(contender, rate, seconds).await,
            Self::Mixed { backlog, rate } => mixed::measure(contender, backlog, rate).await,
            Self::Memory(pending) => memory::measure(contender, pending).await,
            Self::Growth { pending, fired } => growth::measure(contender, pending, fired).await,
            Self::Cancel(count) => cancel::backlog(count).await,
            Self::CancelSteady { rate, seconds } => cancel::steady(rate, seconds).await,
            Self::Pay(count) => pay::backlog(count).await,
            Self::PaySteady { rate, seconds } => pay::steady(rate, seconds).await,
            Self::Purchase { rate, seconds } => Box::pin(purchase::measure(rate, seconds)).await,
            Self::Webhooks(count) => webhooks::backlog(count).await,
            Self::WebhooksSteady { rate, seconds } => webhooks::steady(rate, seconds).await,
            Self::Chain(count) => chain::measure(count).await,
            Self::Start { pending } => start::measure(contender, pending).await,
            Self::Rush { buyers, tickets } => Box::pin(rush::measure(buyers, tickets)).await,
            Self::Pages { page, seconds } => Box::pin(pages::measure(page, seconds)).await,
            Self::Live { pages } => Box::pin(live::measure(pages)).await,
            Self::Operators { pending, viewers, seconds } => {
                Box::pin(operators::measure(pending, viewers, seconds)).await
            }
            Self::Rebuild(count) => rebuild::measure(count).await,
            Self::Soak { rate, minutes } => soak::measure(contender, rate, minutes).await,
        }
    }

    /// Its size, as it stands in the table.
    pub(crate) fn label(self) -> String {
        use crate::text::count;
        match self {
            Self::Consume(n) => format!("broker alone: consume + ack, {}", count(n)),
            Self::Publish(n) => format!("broker alone: publish with ids, {}", count(n)),
            Self::Claim(n) => format!("Redis alone: claim + complete, {}", count(n)),
            Self::Minimal { .. } => "a minimal handler of axum: the same /".to_owned(),
            Self::Waiting(n) => format!("{} waiting", count(n)),
            Self::Arriving(n) => format!("{} arriving", count(n)),
            Self::Burst(n) => format!("{} in one ms", count(n)),
            Self::Steady { rate, .. } => format!("{}/s", count(rate)),
            Self::Mixed { backlog, rate } => format!("{}/s beside {} overdue", count(rate), count(backlog)),
            Self::Memory(n) => format!("{} pending", count(n)),
            Self::Growth { pending, .. } => format!("{} pending", count(pending)),
            Self::Cancel(n) | Self::Pay(n) | Self::Webhooks(n) => format!("{} at once", count(n)),
            Self::CancelSteady { rate, .. }
            | Self::PaySteady { rate, .. }
            | Self::Purchase { rate, .. }
            | Self::WebhooksSteady { rate, .. } => {
                format!("{}/s", count(rate))
            }
            Self::Chain(n) => format!("{} due at once", count(n)),
            Self::Replicas { workers: 1, .. } => "1 worker".to_owned(),
            Self::Replicas { workers, .. } => format!("{workers} workers"),
            Self::Start { pending } => format!("{} pending", count(pending)),
            Self::Rush { buyers, tickets } => format!("{} buyers, {tickets} tickets", count(buyers)),
            Self::Pages { page, .. } => page.label().to_owned(),
            Self::Live { pages } => format!("{} pages open", count(pages)),
            Self::Operators { pending, viewers, .. } => {
                format!("{} pending, {viewers} viewers", count(pending))
            }
            Self::Rebuild(n) => format!("{} orders, half of them pending", count(n)),
            Self::Soak { rate, minutes } => format!("{}/s for {minutes} min", count(rate)),
        }
    }
}
