//! Telling again by hand. The service counts and tells, since it alone knows what has changed.

use common::{
    Service,
    operator::{OperationPlan, RetellFilter},
};

use super::R;
use crate::{app::App, failure::Failure, operations::Work, peers::Peers, status::WITH_OUTBOX};

impl App {
    /// How many events it is about, and how they are told again.
    pub(super) async fn retelling(&self, plan: &OperationPlan) -> R<(Vec<String>, Work)> {
        let (service, RetellFilter { since, .. }) = checked(plan)?;
        let since = *since;
        let count = self.0.peers.retell_count(service, since).await?.events;
        let peers: Peers = self.0.peers.clone();
        let work = Work::whole(count, move || {
            let peers = peers.clone();
            async move { Ok(peers.retell(service, since).await?.events) }
        });
        Ok((vec![format!("{service} since {since}")], work))
    }
}

fn checked(plan: &OperationPlan) -> R<(Service, &RetellFilter)> {
    let others = [
        ("timers", plan.timers.is_some()),
        ("deadLetters", plan.dead_letters.is_some()),
        ("to", plan.to.is_some()),
        ("byMs", plan.by_ms.is_some()),
    ];
    if let Some((field, _)) = others.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::field(field, format!("{field} is not what this action is about")));
    }
    let filter = plan.retell.as_ref();
    let filter =
        filter.ok_or_else(|| Failure::field("retell", "retell must say which: service and since"))?;
    let service = WITH_OUTBOX.into_iter().find(|service| service.as_str() == filter.service);
    let service = service
        .ok_or_else(|| Failure::field("retell.service", "service must be orders, tickets or payments"))?;
    Ok((service, filter))
}
