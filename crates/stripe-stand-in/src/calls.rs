//! Which call a request is.

use axum::http::Method;
use serde_json::Value;

use crate::{error::ApiError, form::Form, state::State};

/// A kind of call, for faults and counts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Call {
    /// `POST /v1/payment_intents`
    CreateIntent,
    /// `POST /v1/payment_intents/{id}/confirm`
    ConfirmIntent,
    /// `POST /v1/payment_intents/{id}/capture`
    CaptureIntent,
    /// `POST /v1/payment_intents/{id}/cancel`
    CancelIntent,
    /// `POST /v1/refunds`
    CreateRefund,
    /// `POST /v1/checkout/sessions`
    CreateSession,
    /// `POST /v1/checkout/sessions/{id}/expire`
    ExpireSession,
    /// `GET` of one object of any kind.
    Get,
    /// `GET` of a list of any kind.
    List,
}

impl Call {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::CreateIntent,
        Self::ConfirmIntent,
        Self::CaptureIntent,
        Self::CancelIntent,
        Self::CreateRefund,
        Self::CreateSession,
        Self::ExpireSession,
        Self::Get,
        Self::List,
    ];
}

/// A kind of object that can be looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Intent,
    Session,
    Refund,
    Charge,
    Event,
}

/// A call with the object that its path names.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Create(Call),
    Act(Call, String),
    Get(Kind, String),
    List(Kind),
}

impl Endpoint {
    /// The endpoint of this method and path.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, ApiError> {
        let segments: Vec<&str> = path.strip_prefix("/v1/").unwrap_or_default().split('/').collect();
        let act = |call, id: &str| Some(Self::Act(call, id.to_owned()));
        let found = match (method.as_str(), segments.as_slice()) {
            ("POST", ["payment_intents"]) => Some(Self::Create(Call::CreateIntent)),
            ("POST", ["checkout", "sessions"]) => Some(Self::Create(Call::CreateSession)),
            ("POST", ["refunds"]) => Some(Self::Create(Call::CreateRefund)),
            ("POST", ["payment_intents", id, "confirm"]) => act(Call::ConfirmIntent, id),
            ("POST", ["payment_intents", id, "capture"]) => act(Call::CaptureIntent, id),
            ("POST", ["payment_intents", id, "cancel"]) => act(Call::CancelIntent, id),
            ("POST", ["checkout", "sessions", id, "expire"]) => act(Call::ExpireSession, id),
            ("GET", ["checkout", "sessions"]) => Some(Self::List(Kind::Session)),
            ("GET", ["checkout", "sessions", id]) => Some(Self::Get(Kind::Session, (*id).to_owned())),
            ("GET", [collection]) => kind(collection).map(Self::List),
            ("GET", [collection, id]) => kind(collection).map(|kind| Self::Get(kind, (*id).to_owned())),
            _ => None,
        };
        found.ok_or_else(|| {
            ApiError::invalid(format!(
                "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
                 https://support.stripe.com/."
            ))
            .status(404)
        })
    }

    pub(crate) fn call(&self) -> Call {
        match self {
            Self::Create(call) | Self::Act(call, _) => *call,
            Self::Get(..) => Call::Get,
            Self::List(_) => Call::List,
        }
    }

    /// Whether it changes anything, and so whether an idempotency key means anything.
    pub(crate) fn changes(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Act(..))
    }

    pub(crate) fn execute(&self, state: &mut State, form: &Form) -> Result<Value, ApiError> {
        match self {
            Self::Create(Call::CreateSession) => state.create_session(form),
            Self::Create(Call::CreateRefund) => state.create_refund(form),
            Self::Create(_) => state.create_intent(form),
            Self::Act(Call::ConfirmIntent, id) => state.confirm_intent(id, form),
            Self::Act(Call::CaptureIntent, id) => state.capture_intent(id, form),
            Self::Act(Call::ExpireSession, id) => state.expire_session(id, form),
            Self::Act(_, id) => state.cancel_intent(id, form),
            Self::Get(Kind::Intent, id) => state.get_intent(id, form),
            Self::Get(Kind::Session, id) => state.get_session(id, form),
            Self::Get(Kind::Refund, id) => state.get_refund(id, form),
            Self::Get(Kind::Charge, id) => state.get_charge(id, form),
            Self::Get(Kind::Event, id) => state.get_event(id),
            Self::List(Kind::Intent) => state.list_intents(form),
            Self::List(Kind::Session) => state.list_sessions(form),
            Self::List(Kind::Refund) => state.list_refunds(form),
            Self::List(Kind::Charge) => state.list_charges(form),
            Self::List(Kind::Event) => state.list_events(form),
        }
    }
}

fn kind(collection: &str) -> Option<Kind> {
    match collection {
        "payment_intents" => Some(Kind::Intent),
        "refunds" => Some(Kind::Refund),
        "charges" => Some(Kind::Charge),
        "events" => Some(Kind::Event),
        _ => None,
    }
}
