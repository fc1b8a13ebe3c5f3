//! The work of an episode on a whole platform to which nothing is done.

use std::{collections::HashSet, time::Duration};

use common::{Service, event::Subject};
use judge::{Addresses, Bounds, Facts, Known, Quiescence, Record};
use platform::{CLUSTER, Platform};
use testkit::{ServiceProcess, eventually};
use tokio::time::Instant;

use crate::{
    access::Access,
    workload::{WorkloadPlan, run},
};

const LENGTH: Duration = Duration::from_secs(8);
const WINDOW: Duration = Duration::from_secs(3);
/// An order of another service is unknown to two listeners, which ask five times; and the slowest machine.
const REST: Duration = Duration::from_secs(120);

async fn access(platform: &Platform) -> Access {
    let of = |name: Service| platform.services(name).iter().map(ServiceProcess::http_url).collect();
    let internal = [Service::Console, Service::Orders].map(|name| (name, of(name)));
    Access { internal: internal.into(), ..super::access(&platform.url(), &platform.nats().url()).await }
}

async fn rest(platform: &Platform) -> Quiescence {
    let database = |name| platform.database_url(name).unwrap().to_owned();
    let addresses = Addresses {
        cluster: CLUSTER.to_owned(),
        nats: platform.nats().url(),
        redis: platform.redis().url(),
        orders: database(Service::Orders),
        tickets: database(Service::Tickets),
        payments: database(Service::Payments),
    };
    Quiescence::connect(&addresses).await.unwrap()
}

/// Of some sixty that are asked for, on a machine that has next to no time for it.
const FEW: usize = 10;

/// Something of everything came of it: a workload that does nothing is judged clean as well.
fn something_happened(record: &Record) {
    let answered = record.placed.iter().filter(|placed| placed.known == Known::Answered).count();
    assert!(answered >= FEW, "{answered} buyers were told of their orders");
    assert!(record.doubtful.is_empty(), "{:?}", record.doubtful);
    assert!(!record.payments.is_empty() && !record.cancellations.is_empty() && !record.extensions.is_empty());
    assert!(record.foreign.len() >= 6 && record.foreign.iter().all(|foreign| foreign.stored_ms.is_some()));
    let poisoned: HashSet<Subject> = record.poison.iter().map(|poison| poison.subject).collect();
    assert_eq!(poisoned.len(), Subject::ALL.len());
    assert!(record.poison.iter().all(|poison| poison.stored_ms.is_some()));
    assert!(record.repeats && record.replayed.len() + record.mended.len() > 0);
    let heard: HashSet<Subject> = record.heard.iter().map(|heard| heard.subject).collect();
    for subject in [Subject::TicketUpdated, Subject::OrderCompleted, Subject::ExpirationComplete] {
        assert!(heard.contains(&subject), "{subject} was never heard");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_faults_is_judged_clean_and_everything_is_answered() {
    let platform = Platform::builder().window(WINDOW).start().await.unwrap();
    let plan = WorkloadPlan::new(1, LENGTH, WINDOW);
    let running = run(&plan, &access(&platform).await, Instant::now()).await.unwrap();
    let rest = rest(&platform).await;
    eventually("everything comes to rest", REST, async || {
        let unrest = rest.unrest().await.map_err(|error| format!("{error:#}"))?;
        if unrest.is_empty() { Ok(()) } else { Err(unrest.join("; ")) }
    })
    .await;
    let record = running.finish().await;
    something_happened(&record);
    let books = platform.stripe().ledger();
    let facts = Facts::collect(&rest, record, Bounds::default(), &books).await.unwrap();
    let broken: Vec<String> = judge::check(&facts)
        .iter()
        .flat_map(|verdict| verdict.broken.iter().map(|broken| format!("{}: {broken}", verdict.invariant)))
        .collect();
    assert!(broken.is_empty(), "{}: {broken:#?}", plan.summary());
}
