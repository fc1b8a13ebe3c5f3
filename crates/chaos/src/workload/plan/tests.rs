use std::collections::HashSet;

use super::*;

const LENGTH: Duration = Duration::from_secs(8);
const WINDOW: Duration = Duration::from_secs(3);

fn plan(seed: u64) -> WorkloadPlan {
    WorkloadPlan::new(seed, LENGTH, WINDOW)
}

fn orders(plan: &WorkloadPlan) -> impl Iterator<Item = (Duration, &Order)> {
    plan.acts.iter().filter_map(|act| match &act.deed {
        Deed::Order(order) => Some((act.at, order)),
        _ => None,
    })
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_one_another() {
    for seed in 0..20 {
        let text = |plan: &WorkloadPlan| serde_json::to_string(plan).unwrap();
        assert_eq!(text(&plan(seed)), text(&plan(seed)));
        assert_ne!(plan(seed).acts, plan(seed + 1).acts);
    }
}

#[test]
fn before_between_and_after_bursts_it_is_quiet_for_long_enough() {
    for (seed, seconds) in (0..200).zip([8, 12, 30].into_iter().cycle()) {
        let length = Duration::from_secs(seconds);
        let plan = WorkloadPlan::new(seed, length, WINDOW);
        let mut quiet_since = Duration::ZERO;
        assert!(!plan.bursts().is_empty());
        for burst in plan.bursts() {
            assert!(burst.start >= quiet_since + Duration::from_millis(1_500), "{seed}: {:?}", plan.bursts());
            assert!(burst.end > burst.start);
            quiet_since = burst.end;
        }
        assert!(quiet_since + Duration::from_millis(1_500) <= length, "{seed}: {:?}", plan.bursts());
    }
}

#[test]
fn whatever_is_done_is_done_by_somebody_to_something_that_is_there_and_within_the_episode() {
    for seed in 0..200 {
        let plan = plan(seed);
        assert!(plan.acts.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(plan.acts.iter().all(|act| act.at < LENGTH));
        for (_, order) in orders(&plan) {
            assert!((SELLERS..plan.people.len()).contains(&order.buyer) && order.ticket < plan.tickets);
        }
        let offered: Vec<usize> = plan
            .acts
            .iter()
            .filter_map(|act| match &act.deed {
                Deed::Offer(offer) => Some(offer.ticket),
                _ => None,
            })
            .collect();
        assert_eq!(offered.iter().collect::<HashSet<_>>().len(), plan.tickets, "{seed}: each is put up once");
        assert_eq!(offered.len(), plan.tickets);
        let poisoned: HashSet<Subject> = plan
            .acts
            .iter()
            .filter_map(|act| match &act.deed {
                Deed::Poison(poison) => Some(poison.subject),
                _ => None,
            })
            .collect();
        assert_eq!(poisoned.len(), Subject::ALL.len(), "{seed}: poison on every subject");
    }
}

#[test]
fn in_a_burst_everybody_wants_one_seat_and_many_timers_are_due_in_the_same_millisecond() {
    for seed in 0..50 {
        let plan = plan(seed);
        for burst in plan.bursts() {
            let at_once: Vec<&Order> =
                orders(&plan).filter(|(at, _)| *at == burst.start).map(|(_, order)| order).collect();
            let buyers: HashSet<usize> = at_once
                .iter()
                .filter(|order| at_once.iter().filter(|other| other.ticket == order.ticket).count() > 1)
                .map(|order| order.buyer)
                .collect();
            assert_eq!(buyers.len(), plan.people.len() - SELLERS, "{seed}");
            let foreign: Vec<Duration> = plan
                .acts
                .iter()
                .filter(|act| act.at == burst.start)
                .filter_map(|act| match &act.deed {
                    Deed::Foreign(order) => Some(order.due),
                    _ => None,
                })
                .collect();
            assert!(
                foreign.len() >= 6 && foreign.iter().all(|due| *due == foreign[0]),
                "{seed}: {foreign:?}"
            );
        }
    }
}

#[test]
fn over_some_seeds_everything_happens_that_can_happen() {
    let plans: Vec<WorkloadPlan> = (0..40).map(plan).collect();
    let steps: Vec<String> = plans
        .iter()
        .flat_map(orders)
        .flat_map(|(_, order)| &order.steps)
        .map(|step| format!("{:?} {:?}", step.at, step.what))
        .collect();
    for wanted in [
        "Pay(Good)",
        "Pay(Declined)",
        "PayOnPage(Good",
        "PayOnPage(Declined",
        "Cancel",
        "CancelByOperator",
        "Extend(By",
        "Extend(Until",
        "Console",
        "Internal",
        "AroundExpiry(-",
    ] {
        assert!(steps.iter().any(|step| step.contains(wanted)), "{wanted}");
    }
    let deeds: Vec<String> =
        plans.iter().flat_map(|plan| &plan.acts).map(|act| format!("{:?}", act.deed)).collect();
    for wanted in [
        "Cancel)",
        "Extend(",
        "Foreign_",
        "same_id: true",
        "same_id: false",
        "mended: true",
        "mended: false",
        "insists: false",
        "NoJson",
        "NoFields",
        "OtherTypes",
        "NoUtf8",
        "Blank",
        "Deep",
        "Large",
    ] {
        assert!(deeds.iter().any(|deed| deed.contains(wanted)), "{wanted}");
    }
    assert!(plans.iter().flat_map(|plan| &plan.people).any(|person| person.signs_up));
}

#[test]
fn a_price_is_written_as_javascript_writes_it() {
    let mut dice = Dice::new(1);
    for _ in 0..10_000 {
        let text = price(&mut dice);
        let number: serde_json::Number = text.parse().unwrap();
        assert_eq!(number.as_f64().unwrap().to_string(), text);
    }
}
