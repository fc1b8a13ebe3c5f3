//! Deliveries of events: signed, tried again until they are taken, and late, doubled, reversed or lost on demand.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::{Client, redirect::Policy};
use tokio::{runtime::Handle, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{clock::now, objects::Event, signature::sign_webhook};

/// Deliveries at one time.
const SLOTS: usize = 64;

/// How events are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WebhookMode {
    /// At once, and again until an answer of 2xx.
    #[default]
    Deliver,
    /// So much later.
    Delay(Duration),
    /// Each twice, at the same time.
    Double,
    /// So many are held, then sent with the last first. Another mode, or [`release`](crate::StandIn::release_webhooks),
    /// sends those that are held.
    Reverse(usize),
    /// Each is lost with this probability, from 0 to 1; what is lost is never tried again.
    Drop(f64),
    /// All of it by chance: lost, or doubled, and each delivery up to so much later, so in any order.
    Lossy {
        /// The probability of being lost.
        drop: f64,
        /// The probability of being sent twice.
        double: f64,
        /// The longest delay.
        delay: Duration,
    },
}

/// When a delivery that was not taken is tried again: the pause doubles from the first to the longest.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How often it is tried in all.
    pub attempts: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self { first: Duration::from_millis(50), longest: Duration::from_secs(2), attempts: 500 }
    }
}

/// What became of one event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) attempts: u32,
    pub(crate) taken: u32,
}

/// The account's one endpoint, and what is on its way there.
pub(crate) struct Webhooks {
    runtime: Handle,
    client: Client,
    slots: Semaphore,
    retries: Retries,
    stop: CancellationToken,
    sending: Mutex<Sending>,
}

#[derive(Clone)]
struct Endpoint {
    url: String,
    secrets: Vec<String>,
}

struct Sending {
    endpoint: Option<Endpoint>,
    mode: WebhookMode,
    held: Vec<Arc<Event>>,
    chance: StdRng,
    deliveries: HashMap<String, Delivery>,
    /// Deliveries that are to be made and are neither taken nor given up, without those that are held.
    underway: usize,
}

/// Deliveries that go out one after another.
struct Batch {
    events: Vec<Arc<Event>>,
    after: Duration,
}

impl Webhooks {
    pub(crate) fn new(retries: Retries, seed: u64, stop: CancellationToken) -> anyhow::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(10))
            .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .build()
            .context("make an HTTP client for webhooks")?;
        let sending = Sending {
            endpoint: None,
            mode: WebhookMode::Deliver,
            held: Vec::new(),
            chance: StdRng::seed_from_u64(seed),
            deliveries: HashMap::new(),
            underway: 0,
        };
        let slots = Semaphore::new(SLOTS);
        Ok(Self { runtime: Handle::current(), client, slots, retries, stop, sending: Mutex::new(sending) })
    }

    pub(crate) fn set_endpoint(&self, url: String, secrets: Vec<String>) {
        self.lock().endpoint = Some(Endpoint { url, secrets });
    }

    pub(crate) fn set_secrets(&self, secrets: Vec<String>) {
        if let Some(endpoint) = &mut self.lock().endpoint {
            endpoint.secrets = secrets;
        }
    }

    pub(crate) fn set_mode(self: &Arc<Self>, mode: WebhookMode) {
        self.lock().mode = mode;
        self.release();
    }

    /// Sends what is held, the last first.
    pub(crate) fn release(self: &Arc<Self>) {
        let batch = self.lock().reversed();
        self.send(batch);
    }

    /// Deliveries that are still to be made.
    pub(crate) fn pending(&self) -> usize {
        let sending = self.lock();
        sending.underway + sending.held.len()
    }

    pub(crate) fn delivery(&self, event: &str) -> Delivery {
        self.lock().deliveries.get(event).copied().unwrap_or_default()
    }

    /// Takes a new event. An endpoint gets what happens after it was set.
    pub(crate) fn offer(self: &Arc<Self>, event: Arc<Event>) {
        let batches = self.lock().plan(event);
        for batch in batches {
            self.send(batch);
        }
    }

    /// Delivers once, by hand, and returns the status of the answer.
    pub(crate) async fn deliver(&self, event: &Event) -> anyhow::Result<u16> {
        let endpoint = self.lock().endpoint.clone().context("no webhook endpoint is set")?;
        let signature = sign_webhook(&event.payload, now(), &endpoint.secrets);
        let request = self.client.post(&endpoint.url);
        let request = request.header("content-type", "application/json; charset=utf-8");
        let request = request.header("stripe-signature", signature).body(event.payload.clone());
        self.lock().deliveries.entry(event.id.clone()).or_default().attempts += 1;
        let answer =
            request.send().await.with_context(|| format!("deliver {} to {}", event.id, endpoint.url))?;
        if answer.status().is_success() {
            self.lock().deliveries.entry(event.id.clone()).or_default().taken += 1;
        }
        Ok(answer.status().as_u16())
    }

    fn send(self: &Arc<Self>, batch: Batch) {
        let this = self.clone();
        self.spawn(async move {
            tokio::time::sleep(batch.after).await;
            for event in batch.events {
                if this.attempt(&event).await {
                    this.finish();
                } else {
                    // The others of the batch do not wait for it.
                    this.spawn(this.clone().retry(event));
                }
            }
        });
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.runtime.spawn(async move { stop.run_until_cancelled(work).await });
    }

    async fn retry(self: Arc<Self>, event: Arc<Event>) {
        let mut pause = self.retries.first;
        for _ in 1..self.retries.attempts {
            tokio::time::sleep(pause).await;
            if self.attempt(&event).await {
                break;
            }
            pause = (pause * 2).min(self.retries.longest);
        }
        self.finish();
    }

    async fn attempt(&self, event: &Event) -> bool {
        let _slot = self.slots.acquire().await;
        matches!(self.deliver(event).await, Ok(200..=299))
    }

    fn finish(&self) {
        self.lock().underway -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sending {
    fn plan(&mut self, event: Arc<Event>) -> Vec<Batch> {
        if self.endpoint.is_none() {
            return Vec::new();
        }
        let batches = match self.mode {
            WebhookMode::Deliver => vec![Batch { events: vec![event], after: Duration::ZERO }],
            WebhookMode::Delay(after) => vec![Batch { events: vec![event], after }],
            WebhookMode::Double => self.copies(&event, 2, Duration::ZERO),
            WebhookMode::Drop(probability) => {
                let copies = usize::from(!self.happens(probability));
                self.copies(&event, copies, Duration::ZERO)
            }
            WebhookMode::Lossy { drop, double, delay } => {
                let (lost, twice) = (self.happens(drop), self.happens(double));
                let copies = if lost { 0 } else { 1 + usize::from(twice) };
                self.copies(&event, copies, delay)
            }
            WebhookMode::Reverse(most) => {
                self.held.push(event);
                return if self.held.len() >= most { vec![self.reversed()] } else { Vec::new() };
            }
        };
        self.underway += batches.iter().map(|batch| batch.events.len()).sum::<usize>();
        batches
    }

    fn copies(&mut self, event: &Arc<Event>, count: usize, longest: Duration) -> Vec<Batch> {
        let mut copy = || {
            let after = longest.mul_f64(self.chance.random_range(0.0..1.0));
            Batch { events: vec![event.clone()], after }
        };
        (0..count).map(|_| copy()).collect()
    }

    /// What is held, the last first; it is held no longer.
    fn reversed(&mut self) -> Batch {
        let mut events = mem::take(&mut self.held);
        events.reverse();
        self.underway += events.len();
        Batch { events, after: Duration::ZERO }
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.chance.random_bool(probability.clamp(0.0, 1.0))
    }
}
