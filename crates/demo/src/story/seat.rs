//! The seat that was given up is free again, and the next buyer gets it.

use anyhow::{Context, Result};
use common::event::Id;

use super::{SOON, Story, wait::wait};
use crate::{
    cast::{Person, Seat, SignedUp},
    moment::Moment,
    plan::{BUYERS, Role, SOLD_TWICE},
    text::Tone,
};

impl Story<'_> {
    /// The next buyer sees it on the site.
    pub(super) async fn seat_is_free_again(&self, people: &SignedUp, seats: &[Id]) -> Result<()> {
        let (former, next) = self.holders()?;
        let person = &people.buyers[next.buyer];
        let seat = self.shown(person, &seats[SOLD_TWICE - 1], None).await?;
        let detail = format!(
            "200: seat {SOLD_TWICE} is free again, version {}: {} had it, and {} will take it",
            seat.version, BUYERS[former.buyer], person.name
        );
        self.narrator.tell(Moment::now("GET /api/tickets", detail, Tone::Good));
        Ok(())
    }

    /// And now it is his.
    pub(super) async fn seat_is_sold_again(&self, people: &SignedUp, seats: &[Id]) -> Result<()> {
        let (former, next) = self.holders()?;
        let person = &people.buyers[next.buyer];
        let order =
            self.ledger.numbered(next.number).context("the order of the seat that was given up")?.order;
        let seat = self.shown(person, &seats[SOLD_TWICE - 1], Some(order.as_str())).await?;
        let detail = format!(
            "200: seat {SOLD_TWICE} is sold again, version {}: {} gave it up, and {} holds it",
            seat.version, BUYERS[former.buyer], person.name
        );
        let moment = Moment::now("GET /api/tickets", detail, Tone::Good);
        self.narrator.tell(moment.of(&order, self.ledger));
        Ok(())
    }

    /// Who gives the seat up and who takes it.
    fn holders(&self) -> Result<(Role, Role)> {
        let of = |roles: &[Role]| roles.iter().copied().find(|role| role.seat == SOLD_TWICE);
        let (former, next) = (of(&self.plan.first), of(&self.plan.last));
        former.zip(next).context("a seat that is ordered twice")
    }

    /// Waits until the site shows this order as the seat's holder, or none.
    async fn shown(&self, person: &Person, ticket: &Id, holder: Option<&str>) -> Result<Seat> {
        let mut shown = None;
        wait("the seat changes hands", SOON, async || {
            let seat = person.look_at(ticket).await?.seat()?;
            let other = (seat.order.as_deref() != holder).then(|| format!("{seat:?}, not {holder:?}"));
            shown = Some(seat);
            Ok(other)
        })
        .await?;
        shown.context("a seat")
    }
}
