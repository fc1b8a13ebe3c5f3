//! Running the checker over a protocol that is right, and over one that is not.

use std::{fmt::Debug, hash::Hash, time::Instant};

use stateright::{Checker, HasDiscoveries, Model};

/// Visits every state.
pub(crate) fn holds<M>(name: &str, model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let started = Instant::now();
    let checker = model.checker().threads(2).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name}: {states} states, {depth} deep, {:?}", started.elapsed());
    checker.assert_properties();
}

/// Looks for a run in which the mistake breaks the property. One thread, so that it is the same run each time.
pub(crate) fn finds<M>(mistake: impl Debug, model: M, property: &'static str)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let enough = HasDiscoveries::AnyOf([property].into());
    let checker = model.checker().threads(1).finish_when(enough).spawn_bfs().join();
    let states = checker.unique_state_count();
    let run = checker.discovery(property);
    assert!(run.is_some(), "{mistake:?} does no harm in {states} states: {property}");
    let steps = run.map(|run| run.into_actions()).unwrap_or_default();
    println!("{mistake:?} breaks \"{property}\" ({states} states seen): {steps:?}");
}
