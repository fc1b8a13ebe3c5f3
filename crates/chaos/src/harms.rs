//! What a fault takes from the platform, in the terms of the judge: from that follow the bounds within which everything has
//! to come back.

use judge::{Effect, Harm, Part};

use crate::{
    kind::Kind,
    plan::Injection,
    role::{Role, Store},
    skew::skews,
    timeline::Happened,
};

/// The harms of all faults that were asked for, whether seen in force or not, until they were healed or until `end_ms`.
pub(crate) fn of(happened: &[Happened], end_ms: i64) -> Vec<Harm> {
    // Sentinel may take any outage of the primary for its end, and the replica lacks its last writes.
    let is_watched = happened.iter().any(|fault| fault.injection.kind() == Kind::RedisSentinel);
    let harms = |fault: &Happened| {
        let from_ms = fault.asked_ms?;
        let to_ms = fault.healed_ms.unwrap_or(end_ms);
        let mut effects = effects(&fault.injection);
        if is_watched && effects.contains(&Effect::Away(Part::Redis)) {
            effects.push(Effect::RedisLost);
        }
        Some(effects.into_iter().map(move |effect| Harm { effect, from_ms, to_ms }))
    };
    happened.iter().filter_map(harms).flatten().collect()
}

/// What it does to whom.
pub(crate) fn effects(injection: &Injection) -> Vec<Effect> {
    match (injection.role(), injection.kind()) {
        (Role::Service(name), Kind::ClockAhead | Kind::ClockBehind | Kind::ClockJumps) => {
            let part = Part::Service(name);
            skews(injection).into_iter().map(|ms| Effect::Skewed { part, ms }).collect()
        }
        (Role::Service(name), _) => vec![Effect::Away(Part::Service(name))],
        (Role::Link(name, store), _) => {
            let other = match store {
                Store::Stripe => vec![Effect::Away(Part::Provider)],
                _ => Vec::new(),
            };
            [vec![Effect::Away(Part::Service(name))], other].concat()
        }
        (Role::Stream(publisher), Kind::StreamDeleted) => {
            vec![Effect::StreamLost(publisher), Effect::Away(Part::Broker)]
        }
        (Role::Stream(_), _) => vec![Effect::Away(Part::Broker)],
        (Role::Store(store), kind) => of_store(store, kind),
    }
}

fn of_store(store: Store, kind: Kind) -> Vec<Effect> {
    match (store, kind) {
        (
            Store::Redis,
            Kind::RedisWiped
            | Kind::RedisFailover
            | Kind::RedisSentinel
            | Kind::RedisOlder
            | Kind::RedisPowerCut,
        ) => {
            vec![Effect::RedisLost, Effect::Away(Part::Redis)]
        }
        (Store::Redis, _) => vec![Effect::Away(Part::Redis)],
        // A server that is back under its name with nothing may be elected, and then the others have nothing either.
        (Store::Nats, Kind::NatsOlder | Kind::NatsPowerCut | Kind::NatsDiskLost) => {
            [Effect::all_of_the_broker(), vec![Effect::Away(Part::Broker)]].concat()
        }
        (Store::Nats, _) => vec![Effect::Away(Part::Broker)],
        (Store::Postgres, _) => {
            let owners = Role::SERVICES.into_iter().filter(|name| name.has_database());
            owners.map(|name| Effect::Away(Part::Database(name))).collect()
        }
        (Store::Stripe, _) => vec![Effect::Away(Part::Provider)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    /// The effects of a fault of this kind, whoever it is about.
    fn of(kind: Kind) -> Vec<Effect> {
        let plan = Plan::new(1, &[kind]);
        let fault = plan.injections.iter().find(|injection| injection.kind() == kind).unwrap();
        effects(fault)
    }

    #[test]
    fn only_what_can_lose_something_is_an_excuse_for_a_loss() {
        for kind in Kind::ALL {
            let loses = of(kind).into_iter().any(|effect| {
                matches!(effect, Effect::RedisLost | Effect::StreamLost(_) | Effect::LettersLost)
            });
            let may = [
                Kind::RedisWiped,
                Kind::RedisFailover,
                Kind::RedisSentinel,
                Kind::RedisOlder,
                Kind::RedisPowerCut,
                Kind::NatsOlder,
                Kind::NatsPowerCut,
                Kind::NatsDiskLost,
                Kind::StreamDeleted,
            ];
            assert_eq!(loses, may.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn every_fault_is_a_harm_and_a_clock_is_wrong_in_the_direction_of_its_name() {
        for kind in Kind::ALL {
            assert!(!of(kind).is_empty(), "{kind}");
        }
        assert!(matches!(of(Kind::ClockAhead)[..], [Effect::Skewed { ms: 1_000..=300_000, .. }]));
        assert!(matches!(of(Kind::ClockBehind)[..], [Effect::Skewed { ms: -300_000..=-1_000, .. }]));
        assert!(of(Kind::ClockJumps).len() > 1);
    }
}
