//! Events on their way, from the first send to the last PubAck.

use async_nats::{HeaderMap, Message, StatusCode, client::PublishErrorKind, header::NATS_MESSAGE_ID};
use futures_util::FutureExt;
use serde::Deserialize;
use tokio::{
    sync::SemaphorePermit,
    task::coop::unconstrained,
    time::{Instant, timeout_at},
};

use super::{Doubt, Outgoing, PUBACK_TIMEOUT, PublishError, Publisher, lane::Lane};
use common::traceparent::TRACEPARENT;

/// Events that are sent together or one after the other and land together.
#[derive(Debug)]
pub struct Flight<'a> {
    publisher: &'a Publisher,
    places: Option<SemaphorePermit<'a>>,
    lane: Option<Lane>,
    messages: Vec<&'a Outgoing>,
    answers: Vec<Answer>,
    awaited: usize,
    /// One for all that was sent: begun anew with each send.
    deadline: Instant,
    /// The client's queue had no room until a deadline: the broker is away, and waiting once more for each group of a
    /// flight would outlast its claim.
    stuck: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    Stored,
    Doubtful(Doubt),
    TooLarge,
}

/// What the broker answers to a publish.
#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    seq: u64,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    description: String,
}

impl<'a> Flight<'a> {
    pub(super) fn new(publisher: &'a Publisher, places: Option<SemaphorePermit<'a>>, count: usize) -> Self {
        Self {
            publisher,
            places,
            lane: None,
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
        sent.unwrap_or(Answer::Doubtful(Doubt::NoAnswer))
    }

    async fn send_one(&mut self, message: &Outgoing) -> Answer {
        let publisher = self.publisher;
        if self.lane.is_none() {
            match publisher.lanes.take(&publisher.client).await {
                Ok(lane) => self.lane = Some(lane),
                Err(error) => return Answer::Doubtful(Doubt::NotSent(error.to_string())),
            }
        }
        let Some(lane) = &self.lane else { return Answer::Doubtful(Doubt::NoAnswer) };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, message.message_id.as_str());
        if let Some(traceparent) = &message.traceparent {
            headers.insert(TRACEPARENT, traceparent.to_string());
        }
        let sent = publisher.client.publish_with_reply_and_headers(
            message.subject.as_str(),
            lane.reply(self.messages.len()),
            headers,
            message.payload.clone(),
        );
        match sent.await {
            Ok(()) => Answer::Awaited,
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => Answer::TooLarge,
            Err(error) => Answer::Doubtful(Doubt::NotSent(error.to_string())),
        }
    }

    /// Awaits every PubAck; answers for each event in the order in which they were sent.
    pub async fn land(mut self) -> Vec<Result<(), PublishError>> {
        while self.awaited > 0 {
            let Some(lane) = &mut self.lane else { break };
            let next = match unconstrained(lane.next()).now_or_never() {
                Some(next) => next,
                None => timeout_at(self.deadline, lane.next()).await.unwrap_or_default(),
            };
            let Some((index, ack)) = next else { break };
            if let Some(answer @ Answer::Awaited) = self.answers.get_mut(index) {
                *answer = read(&ack);
                self.awaited -= 1;
            }
        }
        if let Some(lane) = self.lane.take() {
            self.publisher.lanes.put_back(lane);
        }
        self.places = None;
        self.restore_stream().await;
        self.answer()
    }

    /// A missing stream is made again: the caller publishes again anyway.
    async fn restore_stream(&self) {
        let missing = |answer: &Answer| *answer == Answer::Doubtful(Doubt::NoStream);
        if let Some(index) = self.answers.iter().position(missing) {
            self.publisher.provisioner.restore_stream(self.messages[index].subject.publisher()).await;
        }
    }

    fn answer(self) -> Vec<Result<(), PublishError>> {
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
    fn of(self, message: &Outgoing) -> Result<(), PublishError> {
        let (subject, message_id) = (message.subject, || message.message_id.clone());
        match self {
            Self::Stored => Ok(()),
            Self::Awaited => {
                Err(PublishError::Unknown { subject, message_id: message_id(), doubt: Doubt::NoAnswer })
            }
            Self::Doubtful(doubt) => Err(PublishError::Unknown { subject, message_id: message_id(), doubt }),
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
        return Answer::Doubtful(Doubt::NoStream);
    }
    match serde_json::from_slice(&ack.payload) {
        Ok(PubAck { error: None, seq: 1.. }) => Answer::Stored,
        Ok(PubAck { error: Some(refusal), .. }) => Answer::Doubtful(Doubt::Refused(refusal.description)),
        _ => {
            let text: String = String::from_utf8_lossy(&ack.payload).chars().take(100).collect();
            Answer::Doubtful(Doubt::Refused(format!("{text:?} is no PubAck")))
        }
    }
}
