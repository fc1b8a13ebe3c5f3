//! What every request shares, and how one call runs: faults, idempotency, execution.

use std::{
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{
    calls::Endpoint,
    error::ApiError,
    faults::{Fault, Faults},
    form::Form,
    idempotency::Answer,
    objects::Origin,
    state::State,
    webhooks::Webhooks,
};

/// The stand-in behind its server.
pub(crate) struct App {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) secret_key: Option<String>,
}

/// A call that is understood and allowed.
pub(crate) struct Received {
    pub(crate) endpoint: Endpoint,
    pub(crate) form: Form,
    pub(crate) fingerprint: String,
    /// The request's id, its version, and its idempotency key where that means anything.
    pub(crate) origin: Origin,
}

/// How a call ends for its client.
pub(crate) enum Outcome {
    Answer(Answer),
    /// The answer that the key had before.
    Replay(Answer),
    /// The connection ends without an answer.
    Cut,
}

impl App {
    pub(crate) fn new(state: State, webhooks: Arc<Webhooks>, secret_key: Option<String>) -> Self {
        Self { state: Mutex::new(state), faults: Mutex::default(), webhooks, secret_key }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a call, or lets it go wrong.
    pub(crate) async fn run(self: Arc<Self>, received: Received) -> Outcome {
        let fault = self.faults().next(received.endpoint.call());
        let refused = match (fault, &received.origin.key) {
            (Some(Fault::HangBefore), _) => future::pending().await,
            (Some(Fault::CutBefore), _) => return Outcome::Cut,
            (Some(Fault::RateLimited), _) => Some(ApiError::rate_limited()),
            (Some(Fault::Unavailable), _) => Some(ApiError::unavailable()),
            (Some(Fault::KeyInUse), Some(key)) => Some(ApiError::key_in_use(key)),
            _ => None,
        };
        if let Some(error) = refused {
            return Outcome::Answer(received.answer(Err(error)));
        }
        let outcome = match fault {
            Some(Fault::Slow(time)) => self.run_slowly(received, time).await,
            _ => self.run_at_once(&received, fault),
        };
        match fault {
            Some(Fault::HangAfter) => future::pending().await,
            Some(Fault::CutAfter) => Outcome::Cut,
            _ => outcome,
        }
    }

    /// One lock for all of it: a second request with the same key finds it unused or answered.
    fn run_at_once(&self, received: &Received, fault: Option<Fault>) -> Outcome {
        let mut state = self.state();
        match received.begin(&mut state) {
            Some(outcome) => outcome,
            None => Outcome::Answer(received.execute(&mut state, fault)),
        }
    }

    async fn run_slowly(self: Arc<Self>, received: Received, time: Duration) -> Outcome {
        let begun = received.begin(&mut self.state());
        if let Some(outcome) = begun {
            return outcome;
        }
        // On a task of its own: a client that goes away does not stop it.
        let work = tokio::spawn(async move {
            tokio::time::sleep(time).await;
            received.execute(&mut self.state(), None)
        });
        work.await.map_or(Outcome::Cut, Outcome::Answer)
    }
}

impl Received {
    /// How it ends before it is executed: with the kept answer, or refused by its key.
    fn begin(&self, state: &mut State) -> Option<Outcome> {
        let key = self.origin.key.as_ref()?;
        match state.keys.begin(key, &self.fingerprint) {
            Ok(None) => None,
            Ok(Some(kept)) => Some(Outcome::Replay(kept)),
            Err(error) => Some(Outcome::Answer(self.answer(Err(error)))),
        }
    }

    fn execute(&self, state: &mut State, fault: Option<Fault>) -> Answer {
        state.origin = self.origin.clone();
        let result = match fault {
            Some(Fault::ErrorBefore) => Err(ApiError::internal()),
            Some(Fault::ErrorAfter) => match self.executed(state) {
                Err(invalid) if !invalid.has_begun() => Err(invalid),
                _ => Err(ApiError::internal()),
            },
            _ => self.executed(state),
        };
        state.origin = Origin::default();
        let begun = result.as_ref().err().is_none_or(ApiError::has_begun);
        let answer = self.answer(result);
        if let Some(key) = &self.origin.key {
            state.keys.finish(key, begun.then(|| answer.clone()));
        }
        answer
    }

    fn executed(&self, state: &mut State) -> Result<Value, ApiError> {
        self.endpoint.execute(state, &self.form)
    }

    fn answer(&self, result: Result<Value, ApiError>) -> Answer {
        answer(result, self.origin.request.clone().unwrap_or_default())
    }
}

/// A result as the client gets it.
pub(crate) fn answer(result: Result<Value, ApiError>, request: String) -> Answer {
    let (status, body) = match result {
        Ok(body) => (200, body),
        Err(error) => (error.http_status(), error.body(&request)),
    };
    Answer { status, body: format!("{body:#}").into(), request }
}
