//! What an operator does: gives a buyer more time, and mends a message that nobody could read.

use std::time::Duration;

use anyhow::{Context, Result};
use common::{
    Service,
    event::{Subject, Timestamp},
};
use messaging::topology;
use serde_json::{Value, json};

use super::{SOON, Story, wait::wait};
use crate::{
    moment::Moment,
    plan::EXTENDED,
    text::{self, Tone},
};

/// Enough for a payment that has to be stored a second before the time is over.
const LEAST_MORE: Duration = Duration::from_secs(2);

impl Story<'_> {
    /// `fleet timers move`: the buyer of one order gets a quarter of the time more.
    pub(super) async fn give_more_time(&self) -> Result<()> {
        wait("the order that gets more time is placed", SOON, async || {
            Ok(self.ledger.numbered(EXTENDED).is_none().then(|| "not yet".to_owned()))
        })
        .await?;
        let entry = self.ledger.numbered(EXTENDED).context("the order that gets more time")?;
        let by = format!("{}ms", (self.options.window / 4).max(LEAST_MORE).as_millis());
        let note = "the buyer asked for more time";
        let line = ["timers", "move", entry.order.as_str(), "--by", &by, "--note", note];
        let answer = self.operator.run(&line, "").await?;
        let to = answer["after"].as_str().and_then(|to| to.parse().ok());
        let to: Timestamp = to.with_context(|| format!("no instant in {answer}"))?;
        self.ledger.extend(&entry.order, to);
        let (decider, until) = (answer["decider"].as_str().unwrap_or_default(), text::clock(to.as_millis()));
        let detail = format!("--by {by}: `{decider}` decides that {} may pay until {until}", entry.buyer());
        self.narrator
            .tell(Moment::now("fleet timers move", detail, Tone::Good).of(&entry.order, self.ledger));
        Ok(())
    }

    /// `fleet dead-letters replay` with another body: what nobody could read was the payment of the first order, which is known.
    pub(super) async fn replay_the_poison(&self) -> Result<()> {
        self.narrator
            .act("an operator looks at the message that nobody could read, mends it, and replays it");
        let consumer = topology::durable_name(Service::Orders, Subject::PaymentCreated);
        let list = ["dead-letters", "list", "--consumer", &consumer];
        let mut letters = Value::Null;
        wait("the poison is a dead letter", SOON, async || {
            letters = self.operator.run(&list, "").await?;
            Ok(letters["letters"][0]["sequence"].is_null().then(|| letters.to_string()))
        })
        .await?;
        let sequence = letters["letters"][0]["sequence"].to_string();
        let letter = self.operator.run(&["dead-letters", "show", &sequence], "").await?;
        let detail = format!("{sequence}: {}: {}", letter["reason"], letter["body"]);
        self.narrator.tell(Moment::now("fleet dead-letters", detail, Tone::Plain));

        let order = self.ledger.numbered(1).context("the first order")?.order;
        let report = self.operator.run(&["order", order.as_str()], "").await?;
        let payments = report["money"]["payments"].as_array().cloned().unwrap_or_default();
        let paid = payments.iter().find(|payment| payment["id"] == report["order"]["paymentId"]);
        let paid = paid.with_context(|| format!("no payment has completed it: {report}"))?;
        let body = json!({ "id": paid["id"], "orderId": order, "stripeId": paid["stripeId"] }).to_string();
        let note = "its id was garbled: it is the payment of the first order";
        let line = ["dead-letters", "replay", &sequence, "--body", "-", "--note", note];
        let answer = self.operator.run(&line, &body).await?;
        let said = answer["message"].as_str().unwrap_or_default();
        let detail = format!("replay {sequence} --body, as the payment that it should have been: {said}");
        self.narrator.tell(Moment::now("fleet dead-letters", detail, Tone::Good).of(&order, self.ledger));

        wait("the dead letter is gone for good", SOON, async || {
            let left = self.operator.run(&["dead-letters", "list"], "").await?;
            Ok((left["total"] != 0).then(|| left.to_string()))
        })
        .await?;
        let position = letter["streamSequence"].as_u64().context("the position of the poison")?;
        let subject = topology::dead_letter_subject(&consumer, position);
        self.mischief.mends(subject);
        Ok(())
    }
}
