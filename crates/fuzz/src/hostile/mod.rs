//! Requests that somebody wrote to break a service, each with the only answers that are right.

mod bodies;
mod internal;
mod paths;
mod protocol;
mod sessions;

use anyhow::{Context, Result, bail, ensure};

use common::Service;

use super::{
    LIMIT,
    internal::Internal,
    raw::{self, Answer},
    target::{Request, Target},
};

/// A request, and what has to come of it.
pub(super) struct Attack {
    name: String,
    request: Vec<u8>,
    expected: Expected,
}

/// What has to come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// One of these statuses, in the error shape.
    Refused(&'static [u16]),
    /// What is not even HTTP: any 4xx, or the end of the connection.
    Malformed,
    /// It knows nobody by this session: 401, or no current user.
    Stranger,
    /// It knows the user by this session.
    Known,
    /// This status: what looks bad is harmless.
    Served(u16),
}

/// A header that no answer has, unless a request could put it there.
const INJECTED: &str = "x-injected";

/// The current user of a session that is none.
const NOBODY: &[u8] = br#"{"currentUser":null}"#;

impl Attack {
    fn new(name: impl Into<String>, request: Vec<u8>, expected: Expected) -> Self {
        Self { name: name.into(), request, expected }
    }
}

/// Sends all of them, one after the other, and a good request after each; returns how many there were.
///
/// # Errors
/// All that went wrong, by the names of the requests.
pub(super) async fn run(target: &Target) -> Result<usize> {
    let good = Request::get(&target.good).bytes(Some(&target.me.cookie));
    send(target.name, target.port, &good, all(target)?).await
}

/// The same to what a service answers `console`.
///
/// # Errors
/// All that went wrong, by the names of the requests.
pub(super) async fn run_internal(target: &Internal) -> Result<usize> {
    let good = target.bytes(&target.good);
    send(target.name, target.port, &good, internal::attacks(target)).await
}

async fn send(name: Service, port: u16, good: &[u8], attacks: Vec<Attack>) -> Result<usize> {
    let mut wrong = Vec::new();
    for attack in &attacks {
        if let Err(error) = one(port, good, attack).await {
            wrong.push(format!("{name} {}: {error:#}", attack.name));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(attacks.len())
}

fn all(target: &Target) -> Result<Vec<Attack>> {
    let sessions = sessions::attacks(target)?;
    let others = [paths::attacks(target), bodies::attacks(target), protocol::attacks(target), sessions];
    Ok(others.into_iter().flatten().collect())
}

async fn one(port: u16, good: &[u8], attack: &Attack) -> Result<()> {
    let answer = raw::send(port, &attack.request, LIMIT).await?;
    attack.expected.check(answer.as_ref())?;
    let answer = raw::send(port, good, LIMIT).await.context("the good request behind it")?;
    let status = answer.map(|answer| answer.status);
    ensure!(status == Some(200), "the good request behind it was answered {status:?}");
    Ok(())
}

impl Expected {
    fn check(self, answer: Option<&Answer>) -> Result<()> {
        let Some(answer) = answer else {
            ensure!(self == Self::Malformed, "the connection was closed without an answer");
            return Ok(());
        };
        ensure!(!answer.has_header(INJECTED), "it has put a header into the answer: {}", answer.head);
        if self.is_met_by(answer) {
            return Ok(());
        }
        bail!("expected {self:?}, not {}\n{}", answer.head, String::from_utf8_lossy(&answer.body))
    }

    fn is_met_by(self, answer: &Answer) -> bool {
        match self {
            Self::Refused(statuses) => statuses.contains(&answer.status) && answer.is_in_the_error_shape(),
            Self::Malformed => (400..500).contains(&answer.status),
            Self::Stranger if answer.status == 200 => answer.body == NOBODY,
            Self::Stranger => answer.status == 401 && answer.is_in_the_error_shape(),
            Self::Known => (200..300).contains(&answer.status) && answer.body != NOBODY,
            Self::Served(status) => answer.status == status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, head: &str, body: &str) -> Answer {
        let head = format!("HTTP/1.1 {status} X\r\n{head}");
        Answer { status, head, body: body.as_bytes().to_vec() }
    }

    const ERROR: &str = r#"{"errors":[{"message":"no"}]}"#;

    #[test]
    fn a_refusal_has_its_status_and_the_error_shape() {
        let expected = Expected::Refused(&[400, 404]);
        expected.check(Some(&answer(404, "", ERROR))).unwrap();
        for wrong in
            [answer(500, "", ERROR), answer(401, "", ERROR), answer(400, "", "no"), answer(200, "", "")]
        {
            assert!(expected.check(Some(&wrong)).is_err(), "{wrong:?}");
        }
        assert!(expected.check(None).is_err());
    }

    #[test]
    fn what_is_not_http_may_be_left_without_an_answer_but_is_never_a_server_error() {
        Expected::Malformed.check(None).unwrap();
        Expected::Malformed.check(Some(&answer(431, "", ""))).unwrap();
        assert!(Expected::Malformed.check(Some(&answer(500, "", ""))).is_err());
        assert!(Expected::Malformed.check(Some(&answer(200, "", ""))).is_err());
    }

    #[test]
    fn a_header_that_came_from_a_request_is_seen_in_any_answer() {
        let injected = answer(404, "X-Injected: 1", ERROR);
        assert!(Expected::Refused(&[404]).check(Some(&injected)).is_err());
    }

    #[test]
    fn a_stranger_is_nobody() {
        Expected::Stranger.check(Some(&answer(401, "", ERROR))).unwrap();
        Expected::Stranger.check(Some(&answer(200, "", r#"{"currentUser":null}"#))).unwrap();
        assert!(Expected::Stranger.check(Some(&answer(200, "", r#"{"currentUser":{"id":"a"}}"#))).is_err());
        assert!(Expected::Stranger.check(Some(&answer(200, "", "[]"))).is_err());
        assert!(Expected::Known.check(Some(&answer(200, "", r#"{"currentUser":null}"#))).is_err());
        assert!(Expected::Known.check(Some(&answer(401, "", ERROR))).is_err());
    }
}
