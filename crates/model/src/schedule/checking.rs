//! The system as the checker sees it.

use stateright::{Model, Property};

use super::{apply::apply, enabled, properties, state::State, step::Step, system::System};

impl Model for System {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::first(self.scope.losses)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        enabled::by_system(self, state, steps);
        enabled::by_environment(self, state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let next = apply(self, state, step);
        let is_alike = self.scope.clocks[0] == self.scope.clocks[1];
        let next = if is_alike { next.with_workers_in_order() } else { next };
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}
