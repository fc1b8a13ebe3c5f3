//! `kill -9` on a process while timers are pending, and its return.

use anyhow::{Context, Result, bail, ensure};
use common::{Service, event::Id};
use judge::{Effect, Part};

use super::{
    SOON, Story,
    wait::{are, wait},
};
use crate::{
    cast::{Answer, SignedUp},
    moment::Moment,
    text::Tone,
};

use testkit::ServiceProcess;

impl Story<'_> {
    /// At a moment when every timer is in Redis. A service that people use is missed at once.
    pub(super) async fn kill(&self, people: &SignedUp, seats: &[Id]) -> Result<()> {
        self.scheduled().await?;
        let (name, victim) = (self.options.kill, self.victim()?);
        let (timers, pid) = (self.rest.timers().await?, victim.pid());
        let meanwhile = match name {
            Service::Auth => "; people who are signed in stay so",
            Service::Tickets => "; orders are taken without it, and its events wait for it",
            Service::Orders => "; they wait for it, and so do the buyers",
            Service::Payments => "; whoever wants to pay waits for it",
            Service::Client => "; whoever looks at the shop waits for it",
            Service::Console => "; operators wait for it, and nobody else notices",
            Service::Expiration => "",
        };
        self.narrator
            .act(format!("one `{name}` process is killed while {} pending{meanwhile}", are(timers, "timer")));
        self.mischief.begins(Effect::Away(Part::Service(name)));
        victim.kill().await?;
        self.narrator.tell(Moment::now("kill -9", format!("{}, process {pid}", victim.name()), Tone::Fault));
        if matches!(name, Service::Expiration | Service::Console) {
            let is_last = self.platform.services(name).len() == 1;
            return if is_last { self.restart().await } else { Ok(()) };
        }
        let answer = self.visit(people, seats).await?;
        ensure!(answer.status == 503, "{name} is dead and answers {}: {}", answer.status, answer.message());
        let detail = format!("503: {}; {} tries again later", answer.message(), people.buyers[0].name);
        self.narrator.tell(Moment::now(request(name), detail, Tone::Fault));
        Ok(())
    }

    /// Starts the service again and waits until it serves who was refused. `expiration` is for
    /// [`Story::lose`] to start, where another process keeps the time meanwhile.
    pub(super) async fn end_outage(&self, people: &SignedUp, seats: &[Id]) -> Result<()> {
        let name = self.options.kill;
        if matches!(name, Service::Expiration | Service::Console) {
            return Ok(());
        }
        self.restart().await?;
        let mut answered = None;
        wait("the service answers again", SOON, async || {
            let answer = self.visit(people, seats).await?;
            let away = answer.is_away().then(|| answer.message());
            answered = Some(answer);
            Ok(away)
        })
        .await?;
        let Some(answer) = answered.filter(|answer| matches!(answer.status, 200 | 201)) else {
            bail!("{name} is back and does not answer with 200 or 201");
        };
        let detail = format!("{}: {} is served again", answer.status, people.buyers[0].name);
        self.narrator.tell(Moment::now(request(name), detail, Tone::Good));
        Ok(())
    }

    /// Starts it again and waits until it is ready.
    pub(super) async fn restart(&self) -> Result<()> {
        let victim = self.victim()?;
        victim.restart().await?;
        victim.ready(SOON).await?;
        self.mischief.ends(Effect::Away(Part::Service(self.options.kill)));
        let detail = format!("{}, process {}", victim.name(), victim.pid());
        self.narrator.tell(Moment::now("restart", detail, Tone::Plain));
        Ok(())
    }

    pub(super) fn victim(&self) -> Result<&ServiceProcess> {
        let name = self.options.kill;
        self.platform.services(name).first().with_context(|| format!("a process of {name}"))
    }

    fn first_order(&self) -> Result<Id> {
        Ok(self.ledger.numbered(1).context("the first order")?.order)
    }

    /// What the first buyer wants of the service that is killed. Doing it twice is as good as once.
    async fn visit(&self, people: &SignedUp, seats: &[Id]) -> Result<Answer> {
        let visitor = &people.buyers[0];
        match self.options.kill {
            Service::Auth => visitor.sign_in().await,
            Service::Tickets => visitor.look_at(&seats[0]).await,
            Service::Orders => visitor.orders().await,
            Service::Payments => visitor.payments_of(&self.first_order()?).await,
            Service::Client => visitor.shop_window().await,
            name @ (Service::Expiration | Service::Console) => bail!("nobody asks `{name}` for anything"),
        }
    }
}

/// What [`Story::visit`] asks for.
fn request(name: Service) -> &'static str {
    match name {
        Service::Auth => "sign in",
        Service::Tickets => "GET /api/tickets",
        Service::Orders => "GET /api/orders",
        Service::Payments => "GET /api/payments",
        Service::Client => "GET /",
        Service::Expiration | Service::Console => "",
    }
}
