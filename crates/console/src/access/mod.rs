//! Who asks, and what they may do: a token, a session that was signed in with one, or a proxy that proves itself.

mod actor;
mod attempts;
mod cross_site;
mod keys;
mod proxy;
mod session;

pub use actor::{Actor, Role};
pub use cross_site::is_cross_site;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts},
};
use http_common::traceparent;

use crate::{config::AccessSettings, failure::Failure};
use attempts::Attempts;
use keys::Keys;
use proxy::Proxy;
use session::Sessions;

/// Knows everybody who may come in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Keys,
    proxy: Option<Proxy>,
    sessions: Sessions,
    attempts: Attempts,
    read_only: bool,
}

/// How somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a token in `Authorization`.
    Token,
    /// By the session of a page. Only pages act by it.
    Session,
    /// By a proxy.
    Proxy,
}

/// Why nobody is known to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// Nothing was shown.
    #[error("Sign in, or send a token: Authorization: Bearer <token>")]
    Unproven,
    /// It is nobody's token.
    #[error("This token is nobody's")]
    UnknownToken,
    /// The session is over, or its token was taken away.
    #[error("The session is over, sign in again")]
    Ended,
    /// The headers of a proxy, without what proves that it is ours.
    #[error("X-Forwarded-User or X-Forwarded-Groups without the proxy's own token in X-Proxy-Token")]
    ForgedProxy,
}

impl Access {
    /// Access for those whom the settings name.
    pub fn new(settings: AccessSettings) -> Self {
        Self(Arc::new(Inner {
            keys: Keys::new(settings.viewers, settings.operators),
            proxy: settings.proxy.map(Proxy::new),
            sessions: Sessions::new(settings.cookie_secure),
            attempts: Attempts::default(),
            read_only: settings.read_only,
        }))
    }

    /// Who sends this request.
    ///
    /// # Errors
    /// Why nobody is known to.
    pub fn identify(&self, parts: &Parts) -> Result<(Actor, Proof), Stranger> {
        let headers = &parts.headers;
        let from = peer(parts);
        let trace = parts.extensions.get().copied().unwrap_or_else(|| traceparent(headers));
        let actor = |name: String, role, from| Actor::new(name, role, from, trace);
        if proxy::speaks(headers) {
            let known = self.0.proxy.as_ref().and_then(|proxy| proxy.user(headers));
            let (name, role) = known.ok_or(Stranger::ForgedProxy)?;
            return Ok((actor(name, role, proxy::visitor(headers).or(from)), Proof::Proxy));
        }
        if let Some(given) = headers.get(AUTHORIZATION) {
            let token = given.to_str().ok().and_then(|given| given.strip_prefix("Bearer "));
            let key = token.and_then(|token| self.0.keys.find(token.trim())).ok_or(Stranger::UnknownToken)?;
            return Ok((actor(key.name().to_owned(), key.role(), from), Proof::Token));
        }
        match self.0.sessions.read(headers, &self.0.keys) {
            None => Err(Stranger::Unproven),
            Some(None) => Err(Stranger::Ended),
            Some(Some(key)) => Ok((actor(key.name().to_owned(), key.role(), from), Proof::Session)),
        }
    }

    /// Begins a session: whose it is, and the cookie to set.
    ///
    /// # Errors
    /// 429 after too many wrong tokens in a minute, 401 for a wrong one.
    pub fn sign_in(&self, token: &str, parts: &Parts) -> Result<(Actor, HeaderValue), Failure> {
        self.0.attempts.check(peer(parts).as_deref())?;
        let Some(key) = self.0.keys.find(token.trim()) else {
            self.0.attempts.failed(peer(parts).as_deref());
            return Err(Failure::unauthorized(Stranger::UnknownToken.to_string()));
        };
        let actor = Actor::new(key.name().to_owned(), key.role(), peer(parts), traceparent(&parts.headers));
        Ok((actor, self.0.sessions.begin(key)))
    }

    /// The cookie that ends a session.
    pub fn sign_out(&self) -> HeaderValue {
        self.0.sessions.end()
    }

    /// Whether nobody may act.
    pub fn read_only(&self) -> bool {
        self.0.read_only
    }

    /// Whether cookies travel over HTTPS only.
    pub fn secure_cookies(&self) -> bool {
        self.0.sessions.is_secure()
    }

    /// Somebody who is not known, for the audit of what is refused.
    pub fn nobody(parts: &Parts) -> Actor {
        let trace = parts.extensions.get().copied().unwrap_or_else(|| traceparent(&parts.headers));
        Actor::nobody(peer(parts), trace)
    }
}

/// The other end of the connection.
fn peer(parts: &Parts) -> Option<String> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip().to_canonical().to_string())
}

/// The text of a header, if there is one.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
