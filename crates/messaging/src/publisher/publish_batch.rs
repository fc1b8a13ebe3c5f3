//! Events on their way, from the first send to the last PubAck.
//!
//! Ours, because `async_nats` makes a request with a channel and a timer of each publish (docs/PERFORMANCE.md).

use async_nats::{HeaderMap, Message, StatusCode, client::PublishErrorKind, header::NATS_MESSAGE_ID};
use futures_util::FutureExt;
use serde::Deserialize;
use tokio::{
    sync::SemaphorePermit,
    task::coop::unconstrained,
    time::{Instant, timeout_at},
};

use super::{Ambiguity, Outgoing, PUBACK_TIMEOUT, PublishError, Publisher, Stored, ack_inbox::AckInbox};
use crate::claim_header::CLAIM;
use common::traceparent::TRACEPARENT;

/// Events that are sent together or one after the other, and whose PubAcks are awaited together.
#[derive(Debug)]
pub struct PublishBatch<'a> {
    publisher: &'a Publisher,
    places: Option<SemaphorePermit<'a>>,
    inbox: Option<AckInbox>,
    messages: Vec<&'a Outgoing>,
    answers: Vec<Answer>,
    awaited: usize,
    /// One for all that was sent: begun again with each send.
    deadline: Instant,
    /// The client's queue had no room until a deadline: the broker is away, and waiting once more for each group of a
    /// batch would outlast its claim.
    stuck: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    Stored(Stored),
    Ambiguous(Ambiguity),
    TooLarge,
}

/// What the broker answers to a publish.
#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// `JSStreamMessageExceedsMaximumErr`: larger than the stream takes.
const MESSAGE_TOO_LARGE: u64 = 10_054;

impl<'a> PublishBatch<'a> {
    pub(super) fn new(publisher: &'a Publisher, places: Option<SemaphorePermit<'a>>, count: usize) -> Self {
        Self {
            publisher,
            places,
            inbox: None,
            messages: Vec::with_capacity(count),
            answers: Vec::with_capacity(count),
            awaited: 0,
            deadline: Instant::now() + PUBACK_TIMEOUT,
            stuck: false,
        }
    }

    /// Sends events, without waiting for their PubAcks. What can't be sent in time is answered as unknown.
    pub async fn send(&mut self, messages: &'a [Outgoing]) {
        if !self.stuck {
            self.deadline = Instant::now() + PUBACK_TIMEOUT;
        }
        for message in messages {
            let sent = self.send_in_time(message).await;
            self.awaited += usize::from(sent == Answer::Awaited);
            self.messages.push(message);
            self.answers.push(sent);
        }
    }

    /// While the client is not connected its queue fills up, and then sending waits.
    async fn send_in_time(&mut self, message: &Outgoing) -> Answer {
        if let Some(sent) = unconstrained(self.send_one(message)).now_or_never() {
            return sent;
        }
        let sent = timeout_at(self.deadline, self.send_one(message)).await;
        self.stuck |= sent.is_err();
        sent.unwrap_or(Answer::Ambiguous(Ambiguity::NoAnswer))
    }

    async fn send_one(&mut self, message: &Outgoing) -> Answer {
        let publisher = self.publisher;
        if self.inbox.is_none() {
            match publisher.inboxes.take(&publisher.client).await {
                Ok(inbox) => self.inbox = Some(inbox),
                Err(error) => return Answer::Ambiguous(Ambiguity::NotSent(error.to_string())),
            }
        }
        let Some(inbox) = &self.inbox else { return Answer::Ambiguous(Ambiguity::NoAnswer) };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message.message_id.as_str());
        if let Some(traceparent) = &message.traceparent {
            headers.insert(TRACEPARENT, traceparent.to_string());
        }
        if let Some(claim) = &message.claim {
            headers.insert(CLAIM, &**claim);
        }
        let sent = publisher.client.publish_with_reply_and_headers(
            message.subject.as_str(),
            inbox.reply(self.messages.len()),
            headers,
            message.payload.clone(),
        );
        match sent.await {
            Ok(()) => Answer::Awaited,
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Answer::TooLarge,
            Err(error) => Answer::Ambiguous(Ambiguity::NotSent(error.to_string())),
        }
    }

    /// Awaits every PubAck; answers for each event in the order in which they were sent.
    pub async fn acks(mut self) -> Vec<Result<Stored, PublishError>> {
        while self.awaited > 0 {
            let Some(inbox) = &mut self.inbox else { break };
            let next = match unconstrained(inbox.next()).now_or_never() {
                Some(next) => next,
                None => timeout_at(self.deadline, inbox.next()).await.unwrap_or_default(),
            };
            let Some((index, ack)) = next else { break };
            if let Some(answer @ Answer::Awaited) = self.answers.get_mut(index) {
                *answer = read(&ack);
                self.awaited -= 1;
            }
        }
        if let Some(inbox) = self.inbox.take() {
            self.publisher.inboxes.put_back(inbox);
        }
        self.places = None;
        self.restore_stream().await;
        self.answer()
    }

    /// A missing stream is made again: the caller publishes again anyway. One that is there and does not have the subject is of
    /// an earlier release, and refuses this event until somebody gives it the subject.
    async fn restore_stream(&mut self) {
        const MISSING: Answer = Answer::Ambiguous(Ambiguity::NoStream);
        let Some(index) = self.answers.iter().position(|answer| *answer == MISSING) else { return };
        let publisher = self.messages[index].subject.publisher();
        let Some(subjects) = self.publisher.provisioner.restore_stream(publisher).await else { return };
        for (message, answer) in self.messages.iter().zip(&mut self.answers) {
            let subject = message.subject;
            let is_taken = subjects.iter().any(|taken| taken == subject.as_str());
            if *answer == MISSING && subject.publisher() == publisher && !is_taken {
                let reason = format!("its stream does not have the subject {subject}: run `topology apply`");
                *answer = Answer::Ambiguous(Ambiguity::Refused { reason, is_final: true });
            }
        }
    }

    fn answer(self) -> Vec<Result<Stored, PublishError>> {
        let count = self.answers.len();
        let answers: Vec<_> =
            self.messages.into_iter().zip(self.answers).map(|(message, answer)| answer.of(message)).collect();
        let stored = answers.iter().filter(|answer| answer.is_ok()).count();
        self.publisher.stored.increment(stored as u64);
        self.publisher.failed.increment((count - stored) as u64);
        answers
    }
}

impl Answer {
    fn of(self, message: &Outgoing) -> Result<Stored, PublishError> {
        let (subject, message_id) = (message.subject, || message.message_id.clone());
        match self {
            Self::Stored(stored) => Ok(stored),
            Self::Awaited => Err(PublishError::Unknown {
                subject,
                message_id: message_id(),
                ambiguity: Ambiguity::NoAnswer,
            }),
            Self::Ambiguous(ambiguity) => {
                Err(PublishError::Unknown { subject, message_id: message_id(), ambiguity })
            }
            Self::TooLarge => Err(PublishError::TooLarge {
                subject,
                message_id: message_id(),
                bytes: message.payload.len(),
            }),
        }
    }
}

/// A PubAck, also one that says duplicate, means stored; nothing else does.
fn read(ack: &Message) -> Answer {
    if ack.status == Some(StatusCode::NO_RESPONDERS) {
        return Answer::Ambiguous(Ambiguity::NoStream);
    }
    match serde_json::from_slice(&ack.payload) {
        Ok(PubAck { error: None, seq: sequence @ 1.., duplicate }) => {
            Answer::Stored(Stored { sequence, duplicate })
        }
        Ok(PubAck { error: Some(Refusal { err_code, description }), .. }) => {
            let is_final = err_code == MESSAGE_TOO_LARGE;
            Answer::Ambiguous(Ambiguity::Refused { reason: description, is_final })
        }
        _ => {
            let text: String = String::from_utf8_lossy(&ack.payload).chars().take(100).collect();
            let reason = format!("{text:?} is no PubAck");
            Answer::Ambiguous(Ambiguity::Refused { reason, is_final: false })
        }
    }
}
