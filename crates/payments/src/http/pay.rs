//! One buyer's wish to pay, from the request to an answer: held, a page, a refusal, or "try again".

use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::{Instant, sleep};
use web::{ApiError, turned_away};

use super::{
    Api, Patience,
    refusal::{Refusal, of_order},
};
use crate::{
    cashier::{Begin, StepError},
    payment::{Payment, Status},
    store::{Begun, OrderRefusal, Wish},
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Payments that one request may find in its way: a page that has to be closed, a card that was just declined.
const MOST_PAYMENTS: usize = 4;

/// What the buyer is answered.
#[derive(Debug)]
pub(super) struct Paying {
    pub(super) payment: Payment,
    /// Where he has to pay, if he still has to.
    pub(super) url: Option<String>,
}

/// What the provider is asked for.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Begin,
    ClosePage,
}

/// Takes one wish to its answer.
pub(super) struct Till<'a> {
    api: &'a Api,
    wish: Wish,
    deadline: Instant,
}

impl<'a> Till<'a> {
    pub(super) fn new(api: &'a Api, wish: Wish) -> Self {
        Self { api, wish, deadline: Instant::now() + api.patience.provider }
    }

    /// Pays, or finds that it is being paid.
    pub(super) async fn pay(mut self) -> Result<Paying, Refusal> {
        for _ in 0..MOST_PAYMENTS {
            let payment = match self.begun().await? {
                Begun::Live(payment) => payment,
                Begun::Declined(payment) => {
                    return Err(Refusal::Declined(payment.reason.unwrap_or_default()));
                }
                Begun::Refused(refusal) => return Err(of_order(refusal).into()),
            };
            if let Some(paying) = self.go_on(payment).await? {
                return Ok(paying);
            }
            self.wish.payment_id = common::event::Id::generate();
        }
        Err(turned_away(&"no payment could be begun, or from too many places at once").into())
    }

    /// What is there for the wish. An order that is not known may be on its way.
    async fn begun(&self) -> Result<Begun, ApiError> {
        let given_up_at = Instant::now() + self.api.patience.order;
        let mut pause = FIRST_PAUSE / 4;
        loop {
            let begun = self.api.store.begin(&self.wish).await?;
            let is_unknown = matches!(begun, Begun::Refused(OrderRefusal::UnknownOrder));
            if !is_unknown || Instant::now() >= given_up_at {
                return Ok(begun);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE / 4);
        }
    }

    /// Goes on with the order's live payment; `None` if it is over by now, and another one has to be begun.
    async fn go_on(&self, payment: Payment) -> Result<Option<Paying>, Refusal> {
        let is_ours = payment.id == self.wish.payment_id;
        let begin = match payment.status {
            Status::Pending => self.until_known(&payment, Ask::Begin).await?,
            Status::Open => match (&payment.url, &self.wish.token) {
                (Some(url), None) => Begin::Open(url.clone()),
                _ => self.until_known(&payment, Ask::ClosePage).await?,
            },
            _ => Begin::Authorised,
        };
        match begin {
            Begin::Authorised => Ok(Some(Paying { payment, url: None })),
            Begin::Open(url) if self.wish.token.is_none() => Ok(Some(Paying { payment, url: Some(url) })),
            // A page that another tab has asked for just now.
            Begin::Open(_) => Ok(None),
            Begin::Declined(reason) if is_ours => Err(Refusal::Declined(reason)),
            Begin::InvalidToken if is_ours => {
                Err(ApiError::bad_field("token", "The provider does not take this token").into())
            }
            Begin::InvalidAmount => {
                Err(ApiError::bad_request("The price is too small or too high to be paid by card").into())
            }
            // Nothing was done, and by another payment it may be; or the order is over by now.
            Begin::Declined(_) | Begin::InvalidToken | Begin::Nothing => Ok(None),
        }
    }

    /// Asks the provider, with the same key again, until it is known what came of it or the time is over: then the settler goes on.
    async fn until_known(&self, begun: &Payment, ask: Ask) -> Result<Begin, Refusal> {
        let Patience { call, .. } = self.api.patience;
        let mut payment = begun.clone();
        let mut pause = FIRST_PAUSE;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let cashier = self.api.cashier.within(call.min(left));
            let answer = match ask {
                Ask::Begin => cashier.begin(&payment).await.map(Some),
                Ask::ClosePage => cashier.close(&payment).await,
            };
            let error = match answer {
                Ok(Some(begin)) => return Ok(begin),
                Ok(None) => None,
                Err(StepError::Database(error)) => return Err(error.into()),
                Err(error) => Some(error),
            };
            let wanted = error.as_ref().and_then(StepError::retry_after).unwrap_or_default();
            let left = self.deadline.saturating_duration_since(Instant::now());
            if pause.max(wanted) >= left {
                self.api.store.hand_over(&payment).await?;
                let reason =
                    error.map_or_else(|| "a page can't be closed".to_owned(), |error| error.to_string());
                return Err(turned_away(&reason).into());
            }
            sleep(pause.max(wanted)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // It may have another key by now, or somebody else has found out.
            payment = self.api.store.find(&payment.id).await?.unwrap_or(payment);
            if payment.status != begun.status
                && let Some(begin) = Begin::of(&payment)
            {
                return Ok(begin);
            }
        }
    }
}

impl Paying {
    /// The status of the answer: the same whether the payment was begun by this request or before.
    pub(super) const STATUS: StatusCode = StatusCode::CREATED;
}
