//! The handle of a running stand-in.

use std::{
    fmt::{self, Debug},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    calls::Call,
    error::ApiError,
    faults::{Fault, RandomFaults},
    ledger::LedgerEntry,
    server,
    sessions::Paid,
    state::State,
    tokens,
    webhooks::{Retries, WebhookMode, Webhooks},
};

/// A stand-in that serves until this is dropped.
pub struct StandIn {
    url: String,
    app: Arc<App>,
    stop: CancellationToken,
}

impl Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// How a stand-in is to be.
#[derive(Default)]
pub struct Builder {
    address: Option<SocketAddr>,
    public_url: Option<String>,
    secret_key: Option<String>,
    webhook: Option<(String, String)>,
    retries: Retries,
    seed: u64,
}

impl Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the secrets.
        f.debug_struct("Builder").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Builder {
    /// Listens here, instead of on a free port of loopback.
    #[must_use]
    pub fn address(self, address: SocketAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Where a browser finds the hosted pages, if not at the address itself.
    #[must_use]
    pub fn public_url(self, url: impl Into<String>) -> Self {
        Self { public_url: Some(url.into()), ..self }
    }

    /// Takes this key only, instead of any that begins with `sk_` or `rk_`.
    #[must_use]
    pub fn secret_key(self, key: impl Into<String>) -> Self {
        Self { secret_key: Some(key.into()), ..self }
    }

    /// Delivers events here, signed with this secret.
    #[must_use]
    pub fn webhook(self, url: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { webhook: Some((url.into(), secret.into())), ..self }
    }

    /// Tries deliveries again in this way.
    #[must_use]
    pub fn retries(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    /// What chance does to webhooks is the same for the same seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Starts it on the present runtime.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn start(self) -> anyhow::Result<StandIn> {
        let address = self.address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("listen on {address} for Stripe"))?;
        let address = listener.local_addr().context("the address of a listener")?;
        let url = format!("http://{address}");
        let stop = CancellationToken::new();
        let webhooks = Arc::new(Webhooks::new(self.retries, self.seed, stop.clone())?);
        if let Some((url, secret)) = self.webhook {
            webhooks.set_endpoint(url, vec![secret]);
        }
        let pages = self.public_url.unwrap_or_else(|| url.clone());
        let state = State::new(pages.trim_end_matches('/').to_owned(), webhooks.clone());
        let app = Arc::new(App::new(state, webhooks, self.secret_key));
        tokio::spawn(server::serve(listener, app.clone(), stop.clone()));
        tokio::spawn(server::expire_sessions(app.clone(), stop.clone()));
        Ok(StandIn { url, app, stop })
    }
}

/// An event, and what became of its deliveries.
#[derive(Clone, Debug)]
pub struct SentEvent {
    /// Its id, for [`StandIn::deliver`].
    pub id: String,
    /// Its type, such as `payment_intent.succeeded`.
    pub kind: &'static str,
    /// The id of the object that it is about.
    pub object: String,
    /// The body of each of its deliveries.
    pub payload: String,
    /// How often it was sent.
    pub attempts: u32,
    /// How often an answer was 2xx.
    pub taken: u32,
}

impl StandIn {
    /// Starts one on a free port of loopback, without webhooks until [`Self::set_webhook`].
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub async fn start() -> anyhow::Result<Self> {
        Self::builder().start().await
    }

    /// For one that differs from [`Self::start`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What takes the place of `https://api.stripe.com`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Delivers what happens from now on here, signed with this secret.
    pub fn set_webhook(&self, url: impl Into<String>, secret: impl Into<String>) {
        self.app.webhooks.set_endpoint(url.into(), vec![secret.into()]);
    }

    /// Signs with all of these, as while a secret is rolled.
    pub fn set_webhook_secrets(&self, secrets: Vec<String>) {
        self.app.webhooks.set_secrets(secrets);
    }

    /// Delivers in this way from now on; what was held is sent.
    pub fn set_webhook_mode(&self, mode: WebhookMode) {
        self.app.webhooks.set_mode(mode);
    }

    /// Sends what [`WebhookMode::Reverse`] holds.
    pub fn release_webhooks(&self) {
        self.app.webhooks.release();
    }

    /// Deliveries that are still to be made: held, delayed, or not taken yet. What was lost is not among them.
    pub fn pending_webhooks(&self) -> usize {
        self.app.webhooks.pending()
    }

    /// Everything that happened, oldest first.
    pub fn events(&self) -> Vec<SentEvent> {
        let state = self.app.state();
        let sent = state.events.iter().map(|event| {
            let delivery = self.app.webhooks.delivery(&event.id);
            SentEvent {
                id: event.id.clone(),
                kind: event.kind,
                object: event.object.clone(),
                payload: event.payload.clone(),
                attempts: delivery.attempts,
                taken: delivery.taken,
            }
        });
        sent.collect()
    }

    /// Delivers an event once more, whatever the mode is, and returns the status of the answer.
    ///
    /// # Errors
    /// When there is no such event, no endpoint, or no answer.
    pub async fn deliver(&self, event: &str) -> anyhow::Result<u16> {
        let event = self.app.state().events.get(event).cloned().context("no such event")?;
        self.app.webhooks.deliver(&event).await
    }

    /// Lets the next calls of this kind go wrong, so many times, after those that were ordered before.
    pub fn fault(&self, call: Call, fault: Fault, times: usize) {
        self.app.faults().order(call, fault, times);
    }

    /// Lets calls go wrong by chance, where no fault was ordered.
    pub fn random_faults(&self, faults: RandomFaults) {
        self.app.faults().randomise(faults);
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.app.faults().clear();
    }

    /// Ordered faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.app.faults().left()
    }

    /// While down, every connection is cut at once; nothing is done, pages included. Webhooks still go out.
    pub fn set_down(&self, down: bool) {
        self.app.faults().set_down(down);
    }

    /// How many requests of this kind were understood, also those that went wrong or were replayed.
    pub fn requests(&self, call: Call) -> u64 {
        self.app.faults().count(call)
    }

    /// Every purchase, oldest first.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.app.state().ledger()
    }

    /// What the seller has in this currency, in its smallest unit.
    pub fn captured_minus_refunded(&self, currency: &str) -> i64 {
        let ledger = self.ledger();
        ledger.iter().filter(|entry| entry.currency == currency).map(LedgerEntry::net).sum()
    }

    /// Money that is held, and neither taken nor released.
    pub fn open_authorisations(&self) -> Vec<LedgerEntry> {
        self.ledger().into_iter().filter(LedgerEntry::is_open).collect()
    }

    /// Pays a session with the card of this number, as its page does, without a browser. A bank that asks is answered with yes.
    ///
    /// # Errors
    /// What the page would say: declined, expired, paid already.
    pub fn pay(&self, session: &str, number: &str) -> anyhow::Result<()> {
        let card = tokens::of_number(number).map_err(told)?;
        let mut state = self.app.state();
        match state.pay_session(session, card, None).map_err(told)? {
            Paid::Complete(_) => Ok(()),
            Paid::Authenticate(intent) => state.answer_bank(&intent, true).map(drop).map_err(told),
        }
    }

    /// Lets a session's time be over.
    ///
    /// # Errors
    /// When it is unknown or not open.
    pub fn expire_session(&self, id: &str) -> anyhow::Result<()> {
        self.app.state().end_time(id).map_err(told)
    }

    /// Lets the bank release the money that an intent holds, as it does after seven days.
    ///
    /// # Errors
    /// When it is unknown or holds nothing.
    pub fn expire_authorisation(&self, intent: &str) -> anyhow::Result<()> {
        self.app.state().expire_authorisation(intent).map_err(told)
    }

    /// Forgets all idempotency keys, as Stripe may after a day.
    pub fn forget_idempotency_keys(&self) {
        self.app.state().keys.forget();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn told(error: ApiError) -> anyhow::Error {
    anyhow::Error::msg(error.message().to_owned())
}
