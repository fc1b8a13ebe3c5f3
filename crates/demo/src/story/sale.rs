//! People sign up, and one of them puts seats up for sale.

use std::sync::Arc;

use anyhow::Result;
use common::{Service, event::Id};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use process::config::duration::WithUnit;

use super::{
    AT_ONCE, SOON, Story,
    wait::{are, wait},
};
use crate::{
    cast::{Person, SignedUp},
    moment::Moment,
    plan::BUYERS,
    text::{self, Tone},
};

const SELLER: &str = "Zoe";
/// Each costs a core a while: a password is slow to hash.
const SIGN_UPS_AT_ONCE: usize = 4;

impl Story<'_> {
    pub(super) async fn sign_up(&self) -> Result<SignedUp> {
        self.narrator.act(format!(
            "a seller and {} sign up over HTTP, like all that follows at {}",
            text::some(BUYERS.len(), "buyer"),
            self.platform.url()
        ));
        let seller = Person::sign_up(&self.browser, SELLER).await?;
        let buyers: Vec<_> = stream::iter(BUYERS)
            .map(|name| Person::sign_up(&self.browser, name))
            .buffered(SIGN_UPS_AT_ONCE)
            .map_ok(Arc::new)
            .try_collect()
            .await?;
        let names = BUYERS.join(", ");
        self.narrator.tell(Moment::now("signed up", format!("201: {SELLER}, {names}"), Tone::Plain));
        Ok(SignedUp { seller, buyers })
    }

    pub(super) async fn open_sale(&self, people: &SignedUp) -> Result<Vec<Id>> {
        let window = WithUnit(self.options.window);
        let count = self.plan.seats;
        let keepers = match self.platform.services(Service::Expiration).len() {
            1 => "1 `expiration` process keeps".to_owned(),
            replicas => format!("{replicas} `expiration` processes keep"),
        };
        self.narrator.act(format!(
            "{SELLER} puts {} up for sale, and buyers order them: each has {window} to pay, and {keepers} the time",
            text::some(count, "seat")
        ));
        let followed = self.plan.followed().len();
        if followed < self.options.orders {
            let orders = text::count(self.options.orders);
            self.narrator
                .act(format!("{followed} of the {orders} orders are shown line by line, all as a sum"));
        }
        let seats = self.sell(&people.seller).await?;
        let detail = format!("201: {} for sale", are(count, "seat"));
        self.narrator.tell(Moment::now("POST /api/tickets", detail, Tone::Plain));
        wait("`orders` has copied the tickets", SOON, async || {
            let known: i64 =
                sqlx::query_scalar("select count(*) from tickets").fetch_one(&self.rest.orders).await?;
            Ok(if known as usize >= count { None } else { Some(format!("{known} of {count}")) })
        })
        .await?;
        Ok(seats)
    }

    /// The answer is the tickets, in the order of their seats.
    async fn sell(&self, seller: &Person) -> Result<Vec<Id>> {
        let offers = stream::iter(1..=self.plan.seats).map(async |seat| {
            let price = format!("{}.99", 19 + seat % 5 * 10);
            seller.sell(&format!("Concert, seat {seat}"), &price).await
        });
        let seats: Vec<Id> = offers.buffered(AT_ONCE).try_collect().await?;
        for (index, ticket) in seats.iter().enumerate() {
            self.ledger.add_seat(ticket.clone(), index + 1);
        }
        Ok(seats)
    }
}
