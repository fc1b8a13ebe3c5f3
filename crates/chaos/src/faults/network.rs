//! The network between a service and one of its stores: cut, slow, narrow, lossy, reset, refused.
//!
//! That a fault is in force is seen where it takes hold: at the relay in between, which counts what it held back.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use testkit::{Counters, Cut, Dice, Relay};

use super::Fault;
use crate::role::Role;

/// Between two resets of the same connections.
const AGAIN: Duration = Duration::from_millis(150);

/// Silence in one direction or in both.
pub(super) async fn cut(fault: &Fault<'_>, cut: Cut) -> Result<()> {
    let ways = Ways::of(fault)?;
    ways.relays.iter().for_each(|relay| relay.cut(cut));
    ways.hold(fault, |now| now.held, "were held back").await
}

/// Everything takes so much longer.
pub(super) async fn slow(fault: &Fault<'_>) -> Result<()> {
    let latency =
        Dice::new(fault.injection.salt).duration(Duration::from_millis(50)..Duration::from_millis(800));
    let ways = Ways::of(fault)?;
    ways.relays.iter().for_each(|relay| relay.slow_down(latency, None));
    ways.hold(fault, |now| now.delayed, &format!("came {latency:?} later")).await
}

/// Little comes through at a time.
pub(super) async fn narrow(fault: &Fault<'_>) -> Result<()> {
    let bytes_per_second = Dice::new(fault.injection.salt).between(1_000..20_000);
    let ways = Ways::of(fault)?;
    ways.relays.iter().for_each(|relay| relay.slow_down(Duration::ZERO, Some(bytes_per_second)));
    ways.hold(fault, |now| now.delayed, &format!("waited for a line of {bytes_per_second} bytes a second"))
        .await
}

/// Some of it is lost and sent again.
pub(super) async fn lossy(fault: &Fault<'_>) -> Result<()> {
    let mut dice = Dice::new(fault.injection.salt);
    let one_in = *dice.pick(&[2, 5, 20]);
    let ways = Ways::of(fault)?;
    ways.relays.iter().for_each(|relay| relay.lose(one_in, dice.any()));
    ways.hold(fault, |now| now.lost, &format!("were lost, one in {one_in}, and sent again")).await
}

/// Connections are reset again and again, and may be opened again at once.
pub(super) async fn reset(fault: &Fault<'_>) -> Result<()> {
    let ways = Ways::of(fault)?;
    let again = async {
        loop {
            ways.relays.iter().for_each(|relay| relay.reset());
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        held = ways.hold(fault, |now| now.resets, "were reset") => held,
        () = again => Ok(()),
    }
}

/// Connections are reset, and new ones refused.
pub(super) async fn refused(fault: &Fault<'_>) -> Result<()> {
    let ways = Ways::of(fault)?;
    for relay in &ways.relays {
        relay.refuse().await?;
    }
    let refused =
        async |relay: &Relay| tokio::net::TcpStream::connect(("127.0.0.1", relay.port())).await.is_err();
    let mut count = 0;
    for relay in &ways.relays {
        count += usize::from(refused(relay).await);
    }
    ensure!(count == ways.relays.len(), "{count} of {} ways refuse connections", ways.relays.len());
    fault.in_force(format!("{count} ways refuse connections"));
    fault.last().await;
    ways.heal().await
}

/// The relays that a fault is about.
struct Ways<'a> {
    relays: Vec<&'a Relay>,
    before: Vec<Counters>,
}

impl<'a> Ways<'a> {
    fn of(fault: &Fault<'a>) -> Result<Self> {
        let Role::Link(name, store) = fault.injection.role() else { bail!("it is about no network") };
        let relays = fault.world.links.of(&fault.injection.replicas.of(name), store);
        ensure!(!relays.is_empty(), "there is no relay on the way");
        let before = relays.iter().map(|relay| relay.counters()).collect();
        Ok(Self { relays, before })
    }

    /// Lets it last, and looks meanwhile whether it takes hold.
    async fn hold(&self, fault: &Fault<'_>, of: impl Fn(Counters) -> u64, what: &str) -> Result<()> {
        let more = || {
            let of_each = self.relays.iter().zip(&self.before);
            of_each.map(|(relay, before)| of(relay.counters()) - of(*before)).sum::<u64>()
        };
        let seen = fault
            .until_seen(async || {
                let more = more();
                (more > 0).then(|| format!("{more} pieces of data or connections {what}"))
            })
            .await;
        self.heal().await?;
        ensure!(seen, "nothing was sent that it could have taken hold of");
        Ok(())
    }

    async fn heal(&self) -> Result<()> {
        for relay in &self.relays {
            relay.heal().await?;
        }
        Ok(())
    }
}
