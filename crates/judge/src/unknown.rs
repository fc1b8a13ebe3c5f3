//! Messages about orders that are not ours, which are tried again for minutes before they are given up.

use std::collections::HashSet;

use anyhow::Result;
use async_nats::jetstream;
use common::event::{Id, Subject};
use messaging::topology::{Topology, dead_letter_subject};

use crate::streams::{self, Stored};

/// The messages of a subject that may be in the hands of a consumer for minutes, read before the consumer is looked at: what it
/// gives up in between is in its hands no more.
#[derive(Debug, Default)]
pub(crate) struct TriedAgain {
    sequences: Vec<u64>,
}

impl TriedAgain {
    /// Those that are about these orders, but not those that this consumer has given up. A message about another order is none of
    /// them, however long it is tried again.
    pub(crate) async fn read(
        jetstream: &jetstream::Context,
        topology: &Topology,
        consumer: &str,
        subject: Subject,
        foreign: &[Id],
    ) -> Result<Self> {
        let letters = streams::read(jetstream, &topology.dead_letter_stream_name()).await?;
        let given_up: HashSet<String> = letters.into_iter().map(|letter| letter.subject).collect();
        let messages = streams::read(jetstream, &topology.stream_name(subject.publisher())).await?;
        let tried = |message: &&Stored| {
            let body = String::from_utf8_lossy(&message.payload);
            message.subject == subject.as_str()
                && foreign.iter().any(|order| body.contains(order.as_str()))
                && !given_up.contains(&dead_letter_subject(consumer, message.sequence))
        };
        Ok(Self { sequences: messages.iter().filter(tried).map(|message| message.sequence).collect() })
    }

    /// How many of them it may have in hand: all behind which it has not answered everything.
    pub(crate) fn behind(&self, floor: u64) -> usize {
        self.sequences.iter().filter(|sequence| **sequence > floor).count()
    }
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::consumer::{PullConsumer, pull};
    use common::Service;
    use futures_util::StreamExt as _;
    use messaging::topology::durable_name;
    use testkit::Nats;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "this plays a listener, whose answer has to be there")]
    async fn only_messages_about_orders_that_are_not_ours_and_were_not_given_up_may_be_tried_again() {
        let nats = Nats::start().await.unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let topology = Topology::new("judged", 1);
        for stream in [topology.stream(Service::Orders), topology.dead_letters()] {
            jetstream.create_stream(stream).await.unwrap();
        }
        let publish = async |subject: &str, body: &str| {
            testkit::publish(&jetstream, subject, body.as_bytes()).await;
        };
        for body in
            [r#"{"id":"theirs-1"}"#, r#"{"id":"ours-1"}"#, r#"{"id":"theirs-2"}"#, r#"{"id":"theirs-3"}"#]
        {
            publish(Subject::OrderCreated.as_str(), body).await;
        }
        let durable = durable_name(Service::Tickets, Subject::OrderCreated);
        let config = pull::Config { durable_name: Some(durable.clone()), ..pull::Config::default() };
        let stream = jetstream.get_stream(topology.stream_name(Service::Orders)).await.unwrap();
        let mut consumer: PullConsumer = stream.create_consumer(config).await.unwrap();
        let mut in_hand = consumer.fetch().max_messages(4).messages().await.unwrap();
        let first = in_hand.next().await.unwrap().unwrap();
        while let Some(message) = in_hand.next().await {
            message.unwrap();
        }
        let foreign: Vec<Id> = ["theirs-1", "theirs-2", "theirs-3"].map(|id| id.parse().unwrap()).to_vec();
        let mut tried = async || {
            let subject = Subject::OrderCreated;
            let tried = TriedAgain::read(&jetstream, &topology, &durable, subject, &foreign).await.unwrap();
            tried.behind(consumer.info().await.unwrap().ack_floor.stream_sequence)
        };
        assert_eq!(tried().await, 3, "of the four in hand");
        first.double_ack().await.unwrap();
        assert_eq!(tried().await, 2, "one is answered");
        publish(&dead_letter_subject(&durable, 4), "{}").await;
        assert_eq!(tried().await, 1, "one is given up");
    }
}
