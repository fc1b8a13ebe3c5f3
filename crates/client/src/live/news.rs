//! What pages are told, and how it is written: the least that a page needs, and nobody's id but those of what it shows.

use bytes::{BufMut as _, Bytes, BytesMut};
use common::event::{
    Id, OrderCancelled, OrderCompleted, OrderExtended, PaymentRejected, PaymentSettled, Price, Subject,
    TicketCreated, TicketUpdated,
};
use serde::Serialize;

/// Something that pages show has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// For whoever looks at tickets.
    Ticket(TicketNews),
    /// For whoever looks at this order.
    Order(Id, OrderState),
}

/// A ticket as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TicketNews {
    pub(super) id: Id,
    pub(super) state: TicketState,
    pub(super) title: String,
    pub(super) price: Price,
    /// A page that has seen a newer one already leaves this one out.
    pub(super) version: u32,
}

/// Whether a ticket can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TicketState {
    New,
    Free,
    Taken,
}

/// What has happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderState {
    Complete,
    Cancelled,
    /// There is more time to pay it.
    Extended,
    Rejected,
    Settled,
    /// It is otherwise than the page shows it, which says enough: the page loads again.
    Changed,
}

impl News {
    /// Reads an event; none if it is not one of ours, or can't be read.
    pub(super) fn read(subject: Subject, body: &[u8]) -> Option<Self> {
        let order = |id, state| Some(Self::Order(id, state));
        match subject {
            Subject::TicketCreated => {
                serde_json::from_slice(body).ok().map(TicketNews::created).map(Self::Ticket)
            }
            Subject::TicketUpdated => {
                serde_json::from_slice(body).ok().map(TicketNews::updated).map(Self::Ticket)
            }
            Subject::OrderCompleted => {
                order(serde_json::from_slice::<OrderCompleted>(body).ok()?.id, OrderState::Complete)
            }
            Subject::OrderCancelled => {
                order(serde_json::from_slice::<OrderCancelled>(body).ok()?.id, OrderState::Cancelled)
            }
            Subject::OrderExtended => {
                order(serde_json::from_slice::<OrderExtended>(body).ok()?.id, OrderState::Extended)
            }
            Subject::PaymentRejected => {
                order(serde_json::from_slice::<PaymentRejected>(body).ok()?.order_id, OrderState::Rejected)
            }
            Subject::PaymentSettled => {
                order(serde_json::from_slice::<PaymentSettled>(body).ok()?.order_id, OrderState::Settled)
            }
            Subject::OrderCreated | Subject::ExpirationComplete | Subject::PaymentCreated => None,
        }
    }
}

impl TicketNews {
    fn created(event: TicketCreated) -> Self {
        let TicketCreated { id, version, title, price, .. } = event;
        Self { id, state: TicketState::New, title, price, version }
    }

    fn updated(event: TicketUpdated) -> Self {
        let TicketUpdated { id, version, title, price, order_id, .. } = event;
        let state = if order_id.is_some() { TicketState::Taken } else { TicketState::Free };
        Self { id, state, title, price, version }
    }

    /// Takes over what is newer. A ticket that no page has heard of yet stays new.
    pub(super) fn merge(&mut self, other: Self) {
        if other.version < self.version {
            return;
        }
        let is_new = self.state == TicketState::New && other.state == TicketState::Free;
        *self = other;
        if is_new {
            self.state = TicketState::New;
        }
    }
}

impl OrderState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Extended => "extended",
            Self::Rejected => "rejected",
            Self::Settled => "settled",
            Self::Changed => "changed",
        }
    }
}

/// A message about a ticket: what it is, and in which update it came. A page that is told again what it was made from can see so.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(flatten)]
    ticket: &'a TicketNews,
    at: u64,
}

/// One update: a message for each ticket, and behind the last one the place to go on from.
pub(super) fn tickets(news: &[TicketNews], place: u64) -> Bytes {
    let mut text = BytesMut::with_capacity(news.len() * 160 + 32);
    for (number, ticket) in news.iter().enumerate() {
        text.put_slice(b"event: ticket\n");
        if number + 1 == news.len() {
            text.put_slice(format!("id: {place}\n").as_bytes());
        }
        text.put_slice(b"data: ");
        // Texts and numbers, and JSON has no line feed of its own.
        text.put_slice(&serde_json::to_vec(&Message { ticket, at: place }).unwrap_or_default());
        text.put_slice(b"\n\n");
    }
    text.freeze()
}

/// The message that tells what became of an order. An id has no character that means something in JSON.
pub(super) fn order(id: &Id, state: OrderState) -> Bytes {
    format!("event: order\ndata: {{\"id\":\"{id}\",\"state\":\"{}\"}}\n\n", state.as_str()).into()
}

/// The message after which a page loads again: nobody knows what it has missed.
pub(super) fn reset(place: u64) -> Bytes {
    format!("event: reset\nid: {place}\ndata: {{}}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = r#"{"id":"65b0a3f0c1d2e3f405162738","version":3,"title":"A\n\"b\" <script>","price":19.99,"userId":"u1"}"#;

    fn ticket(subject: Subject, body: &str) -> TicketNews {
        match News::read(subject, body.as_bytes()) {
            Some(News::Ticket(ticket)) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ticket_is_new_free_or_taken_and_its_message_names_no_person() {
        let held = TICKET.replace("\"userId\"", "\"orderId\":\"o1\",\"userId\"");
        let news = [
            ticket(Subject::TicketCreated, TICKET),
            ticket(Subject::TicketUpdated, TICKET),
            ticket(Subject::TicketUpdated, &held),
        ];
        let text = String::from_utf8(tickets(&news, 42).to_vec()).unwrap();
        let messages: Vec<&str> = text.split_terminator("\n\n").collect();
        assert_eq!(messages.len(), 3, "{text}");
        for (message, state) in messages.iter().zip(["new", "free", "taken"]) {
            assert!(message.contains(&format!("\"state\":\"{state}\"")), "{message}");
            assert!(message.contains("\"price\":19.99"), "{message}");
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let read: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(read["title"], "A\n\"b\" <script>");
            assert_eq!(read["at"], 42);
        }
        assert!(!text.contains("u1") && !text.contains("o1"), "{text}");
        assert_eq!(text.matches("\nid: 42\n").count(), 1, "{text}");
        assert!(messages[2].contains("id: 42"), "{text}");
    }

    #[test]
    fn the_newer_of_two_counts_and_a_new_ticket_stays_new_until_it_is_taken() {
        let (created, mut updated) =
            (ticket(Subject::TicketCreated, TICKET), ticket(Subject::TicketUpdated, TICKET));
        updated.version = 2;
        let mut merged = created.clone();
        merged.merge(updated.clone());
        assert_eq!(merged, created);
        updated.version = 4;
        merged.merge(updated.clone());
        assert_eq!((merged.state, merged.version), (TicketState::New, 4));
        updated.state = TicketState::Taken;
        merged.merge(updated);
        assert_eq!(merged.state, TicketState::Taken);
    }

    #[test]
    fn what_became_of_an_order_is_told_by_the_events_of_two_services() {
        let cases = [
            (
                Subject::OrderCompleted,
                r#"{"id":"o","version":1,"paymentId":"p","ticket":{"id":"t"}}"#,
                "complete",
            ),
            (Subject::OrderCancelled, r#"{"id":"o","version":1,"ticket":{"id":"t"}}"#, "cancelled"),
            (Subject::OrderExtended, r#"{"id":"o","expiresAt":"2026-01-31T12:10:00.000Z"}"#, "extended"),
            (Subject::PaymentRejected, r#"{"id":"p","orderId":"o","stripeId":"s","reason":"r"}"#, "rejected"),
            (
                Subject::PaymentSettled,
                r#"{"id":"p","orderId":"o","stripeId":"s","outcome":"captured"}"#,
                "settled",
            ),
        ];
        for (subject, body, state) in cases {
            let Some(News::Order(id, news)) = News::read(subject, body.as_bytes()) else {
                panic!("{subject}")
            };
            let text = order(&id, news);
            let expected = format!("event: order\ndata: {{\"id\":\"o\",\"state\":\"{state}\"}}\n\n");
            assert_eq!(text, expected.as_bytes());
        }
    }

    #[test]
    fn what_can_not_be_read_is_no_news() {
        for body in ["", "null", "{}", "[1]", "\u{0}"] {
            for subject in Subject::ALL {
                assert_eq!(News::read(subject, body.as_bytes()), None, "{subject} {body}");
            }
        }
    }
}
