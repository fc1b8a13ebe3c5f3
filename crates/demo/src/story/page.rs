//! Somebody leaves the page open on which one pays, and pays on it when the time is over.

use anyhow::{Context, Result, ensure};
use common::event::Id;
use stripe_stand_in::{Call, Fault};

use super::{SOON, SWEPT, Story, wait::wait};
use crate::{cast::SignedUp, moment::Moment, plan::Ending, text::Tone};

/// What the buyer types.
const CARD: &str = "number=4242424242424242&expiry=12%2F34&cvc=123&name=A+Late+Buyer";
/// More often than it is asked meanwhile.
const OFTEN: usize = 10_000;

/// The page of an order that nobody has paid yet.
pub(super) struct Page {
    order: Id,
    url: String,
}

impl Story<'_> {
    /// One of those who will not pay in time asks for the page. Stripe will not be reached when it should be closed.
    pub(super) async fn open_a_page(&self, people: &SignedUp) -> Result<Page> {
        let entries = self.ledger.entries();
        let late = entries.iter().rfind(|entry| entry.role.ending == Ending::Expires);
        let late = late.context("an order that expires")?;
        let buyer = &people.buyers[late.role.buyer];
        let url = buyer.pay(&late.order, None).await?.page()?;
        self.platform.stripe().fault(Call::ExpireSession, Fault::Unavailable, OFTEN);
        let detail = format!("201: {} is sent to a page of Stripe, and leaves it open", buyer.name);
        self.narrator
            .tell(Moment::now("POST /api/payments", detail, Tone::Plain).of(&late.order, self.ledger));
        Ok(Page { order: late.order.clone(), url })
    }

    /// He pays on it when the order is cancelled. The money is held, and then released.
    pub(super) async fn pay_too_late(&self, page: &Page) -> Result<()> {
        let order = page.order.as_str();
        wait("the order with the open page is cancelled", SWEPT, async || {
            let status: String = sqlx::query_scalar("select status from orders where id = $1")
                .bind(order)
                .fetch_one(&self.rest.orders)
                .await?;
            Ok((status != "cancelled").then(|| format!("it is {status}")))
        })
        .await?;
        let status = self.browser.submit(&page.url, CARD).await?;
        ensure!(status == 303, "the page of a cancelled order answered {status}, and 303 is expected");
        let detail = "303: paid on the page, although the order is cancelled";
        self.narrator.tell(Moment::now("Stripe's page", detail, Tone::Fault).of(&page.order, self.ledger));
        self.platform.stripe().clear_faults();
        wait("the money is released", SOON, async || {
            let open = self.platform.stripe().open_authorisations();
            let held = open.iter().any(|entry| entry.metadata.get("order").is_some_and(|of| of == order));
            Ok(held.then(|| "it is held".to_owned()))
        })
        .await
    }
}
