//! One request to a page: who sends it, and whether its form is one of ours.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{StatusCode, request::Parts},
    response::Response,
};
use common::{clock, event::Timestamp, internal::PauseState};
use page_kit::{Distrust, FormId, Forms, Posted, Security};

use super::{flash, link, posts, reader::Reader};
use crate::{
    access::{Actor, is_cross_site},
    app::App,
    failure::Failure,
};

/// What every page has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) app: App,
    pub(super) security: Security,
    forms: Arc<Forms>,
}

/// A request of anybody.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) pages: Pages,
    pub(super) parts: Parts,
    pub(super) actor: Option<Actor>,
    form: FormId,
}

/// A request of somebody who is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) visit: Visit,
    pub(super) actor: Actor,
}

impl Pages {
    pub(super) fn new(app: App) -> Self {
        let forms = Forms::new(app.form_key(), app.secure_cookies());
        Self { security: Security::new(&[], app.secure_cookies()), forms: Arc::new(forms), app }
    }
}

impl Visit {
    /// The first value of this name in the query; empty where there is none.
    pub(super) fn query(&self, name: &str) -> String {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Whether a form may be taken. What is not taken goes into the audit.
    ///
    /// # Errors
    /// Why it may not.
    pub(super) async fn check<const LONGEST: usize>(&self, posted: &Posted<LONGEST>) -> Result<(), Failure> {
        let failure = match self.pages.forms.check(&self.form, is_cross_site(&self.parts.headers), posted) {
            Ok(()) => return Ok(()),
            Err(Distrust::CrossSite) => {
                Failure::forbidden("Another web site has sent this form in your name. Nothing was done.")
            }
            Err(Distrust::Unreadable(StatusCode::PAYLOAD_TOO_LARGE)) => Failure::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "What was sent is too long. Nothing was done.",
            ),
            Err(Distrust::Unreadable(status)) => {
                Failure::with_status(status, "This page takes only what its own form sends.")
            }
            Err(Distrust::Stale) => Failure::forbidden(
                "This form had been open for too long or your browser has lost its cookie. Please send it again.",
            ),
        };
        self.refused(&failure.to_string()).await;
        Err(failure)
    }

    /// Writes down that a form was not taken.
    pub(super) async fn refused(&self, why: &str) {
        let route = self.parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        self.pages.app.refused(self.actor.as_ref(), &self.parts, posts::operation(route), why).await;
    }

    /// For whom a page is made, with the pause that the schedule has.
    pub(super) fn reader(&self, pause: Option<PauseState>) -> Reader {
        Reader {
            name: self.actor.as_ref().map(|actor| actor.name().to_owned()),
            is_operator: self.actor.as_ref().is_some_and(Actor::is_operator),
            read_only: self.pages.app.read_only(),
            token: self.pages.forms.field(&self.form),
            now: Timestamp::from_millis(clock::now_ms()),
            path: self.parts.uri.path().to_owned(),
            pause,
            notice: self.carried().map(|(text, _)| text),
        }
    }

    pub(super) fn carried(&self) -> Option<(String, Option<axum::http::HeaderValue>)> {
        flash::take(&self.parts.headers, self.pages.app.secure_cookies())
    }

    /// The cookie that the forms of this browser need, if it does not have it.
    pub(super) fn form_cookie(&self) -> Option<axum::http::HeaderValue> {
        self.pages.forms.cookie(&self.form)
    }

    /// Where one signs in and comes back from.
    pub(super) fn sign_in(&self) -> Response {
        let next = match self.parts.uri.path_and_query() {
            Some(target) if self.parts.method.is_safe() => target.as_str(),
            _ => posts::page(self.parts.uri.path()),
        };
        Self::see(&link::query("/signin", &[("next", posts::own(next))]))
    }
}

impl SignedIn {
    pub(super) fn app(&self) -> &App {
        &self.visit.pages.app
    }

    /// For whom a page is made. The pause is as it was within the last second.
    pub(super) async fn reader(&self) -> Reader {
        let status = self.app().status().await;
        self.visit.reader(status.schedule.as_ref().and_then(|schedule| schedule.pause.clone()))
    }
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Infallible> {
        let actor = pages.app.actor(parts).await;
        let form = pages.forms.id(&parts.headers);
        Ok(Self { pages: pages.clone(), parts: parts.clone(), actor, form })
    }
}

impl FromRequestParts<Pages> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, pages).await;
        match visit.actor.clone() {
            Some(actor) => Ok(Self { visit, actor }),
            None => {
                if !visit.parts.method.is_safe() {
                    visit.refused("Nobody is signed in").await;
                }
                Err(visit.sign_in())
            }
        }
    }
}
