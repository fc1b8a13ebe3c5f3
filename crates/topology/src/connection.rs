//! The connection to the broker: as the user `admin`, and not waited for without end.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use async_nats::{ConnectErrorKind, ConnectOptions, Event, ServerError, jetstream::ErrorCode};
use messaging::NatsSettings;
use messaging::{check_server, secured, topology::Topology};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::broker::{Answer, Broker};

/// How long the broker may take until it answers for the first time.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(200);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(3);
/// The prefix of the reply subjects that the user `admin` may listen to.
const INBOX_PREFIX: &str = "_INBOX.admin";

/// The result of an attempt that did not fail for good.
enum ConnectOutcome {
    Connected(Broker),
    NotYet(Error),
}

/// Connects, and waits until JetStream answers.
///
/// # Errors
/// At once when the user is refused or the server is too old, else when nothing has answered within [`LIMIT`].
pub(crate) async fn connect(settings: &NatsSettings, topology: &Topology) -> Result<Broker> {
    let deadline = Instant::now() + LIMIT;
    let mut reason = anyhow!("nothing answers");
    loop {
        match timeout_at(deadline, attempt(settings, topology)).await {
            Ok(Ok(ConnectOutcome::Connected(broker))) => return Ok(broker),
            Ok(Ok(ConnectOutcome::NotYet(error))) => reason = error,
            Ok(Err(error)) => return Err(error),
            Err(_) => {}
        }
        if timeout(PAUSE, sleep_until(deadline)).await.is_ok() {
            let addresses = addresses(settings);
            let what = format!(
                "no JetStream at {addresses} within {LIMIT:?}: see that NATS runs there, or correct NATS_URL"
            );
            return Err(reason.context(what));
        }
    }
}

async fn attempt(settings: &NatsSettings, topology: &Topology) -> Result<ConnectOutcome> {
    let (refused, refusal) = watch::channel(None);
    let client = match options(settings, refused).connect(&settings.servers.addresses[..]).await {
        Ok(client) => client,
        Err(error) if is_final(error.kind()) => {
            return Err(error).context("NATS refuses the user and password in NATS_URL: correct them");
        }
        Err(error) => return Ok(ConnectOutcome::NotYet(error.into())),
    };
    check_server(&client)?;
    let broker = Broker::new(client, refusal);
    // Any stream will do, there or not: what counts is an answer.
    let question = format!("STREAM.INFO.{}", topology.dead_letter_stream_name());
    match broker.ask(&question, None).await {
        Ok(Answer::Done(_)) => Ok(ConnectOutcome::Connected(broker)),
        Ok(Answer::Refused(error)) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            Ok(ConnectOutcome::Connected(broker))
        }
        Ok(Answer::Refused(error)) => Ok(ConnectOutcome::NotYet(error.into())),
        Err(error) if broker.refusal().is_some() => Err(error),
        Err(error) => Ok(ConnectOutcome::NotYet(error)),
    }
}

/// What no second attempt makes better.
fn is_final(kind: ConnectErrorKind) -> bool {
    matches!(kind, ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication)
}

fn options(settings: &NatsSettings, refused: watch::Sender<Option<String>>) -> ConnectOptions {
    let options = ConnectOptions::new()
        .name("topology")
        .custom_inbox_prefix(INBOX_PREFIX)
        .connection_timeout(CONNECTION_TIMEOUT)
        .event_callback(move |event| {
            // What the user may not do is answered beside the request and not to it.
            if let Event::ServerError(ServerError::Other(text)) = event {
                refused.send_replace(Some(text));
            }
            async {}
        });
    secured(options, &settings.servers)
}

/// Without users and passwords.
fn addresses(settings: &NatsSettings) -> String {
    let shown =
        settings.servers.addresses.iter().map(|address| format!("{}:{}", address.host(), address.port()));
    shown.collect::<Vec<_>>().join(", ")
}
