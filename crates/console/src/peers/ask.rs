//! One question, asked of one process after the other until one answers.

use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use common::Service;
use serde::{Serialize, de::DeserializeOwned};

use super::{PeerError, Peers, addresses::LIMIT};

/// What a service answers.
pub(super) type Asked<T> = Result<T, PeerError>;

impl Peers {
    pub(super) async fn get<T: DeserializeOwned>(&self, service: Service, path: &str) -> Asked<T> {
        self.ask(service, Method::GET, path, None, true).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        body: &impl Serialize,
    ) -> Asked<T> {
        self.ask(service, Method::POST, path, Some(json(service, body)?), false).await
    }

    /// As [`Self::post`], of what may be asked twice and is done once.
    pub(super) async fn post_again<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        body: &impl Serialize,
    ) -> Asked<T> {
        self.ask(service, Method::POST, path, Some(json(service, body)?), true).await
    }

    /// Asks one process after the other until one answers. What must not be done twice goes on only while it is known that
    /// the question never arrived.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        again: bool,
    ) -> Asked<T> {
        self.ask_within(LIMIT, service, method, path, body, again).await
    }

    /// As [`Self::ask`], of what takes a process longer than a page may.
    pub(super) async fn ask_within<T: DeserializeOwned>(
        &self,
        longest: Duration,
        service: Service,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        again: bool,
    ) -> Asked<T> {
        let away = |reason: String| PeerError::Away { service, reason };
        let addresses = self.addresses.to_ask(service).await;
        let addresses = addresses.map_err(|names| away(format!("no address of {}", names.join(", "))))?;
        let mut last = away("it has no address".to_owned());
        for address in &addresses {
            let is_short = method == Method::GET && longest == LIMIT;
            let limit = if is_short { self.addresses.limit(address) } else { longest };
            match self.transport.call(service, address, &method, path, body.as_ref(), limit).await {
                Ok(answer) if answer.status.is_success() => {
                    let text: &[u8] = if answer.body.is_empty() { b"null" } else { &answer.body };
                    let read = serde_json::from_slice(text);
                    return read.map_err(|error| away(format!("an answer that can't be read: {error}")));
                }
                Ok(answer) => {
                    last = PeerError::read(service, answer.status, &answer.body);
                    if !last.is_away() || !again {
                        return Err(last);
                    }
                }
                Err(lost) => {
                    self.addresses.was_silent(address, limit);
                    last = away(lost.reason);
                    if !again && !lost.unsent {
                        return Err(last);
                    }
                }
            }
        }
        Err(last)
    }
}

pub(super) fn json(service: Service, body: &impl Serialize) -> Asked<Bytes> {
    let text = serde_json::to_vec(body);
    text.map(Bytes::from).map_err(|error| PeerError::Away { service, reason: error.to_string() })
}
