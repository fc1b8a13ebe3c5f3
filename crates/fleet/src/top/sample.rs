//! A status for the tests of what is shown.

use common::{internal::Forecast, operator::Status};
use serde_json::json;

/// One with something of everything.
pub(crate) fn status(well: bool) -> Status {
    let clock = "2026-01-31T12:00:00.000Z";
    let consumer = |name: &str, exists: bool| {
        json!({ "name": name, "stream": "ticketing-payments", "subject": "payment:created", "exists": exists,
            "pending": 4, "inFlight": 2, "redelivered": 1, "oldestAgeMs": 1_500, "differences": [] })
    };
    let about = json!({ "service": "orders", "version": "0.1.0", "instance": "orders-0",
        "startedAt": "2026-01-31T10:00:00.000Z", "ready": true, "remarks": [] });
    let troubles = [json!({ "urgent": true, "what": "12 timers are overdue", "next": "look at the workers",
        "page": "/schedule" })];
    let troubles = if well { &[][..] } else { &troubles[..] };
    let status = json!({
        "at": clock, "well": well, "troubles": troubles,
        "schedule": { "timers": 5_000_000, "pending": 4_999_000, "due": 988, "claimed": 12, "overdue": 12,
            "oldestDueAgeMs": 9_250, "clocks": { "redis": clock, "worker": clock } },
        "deadLetters": 3,
        "owed": { "count": 1, "oldest": { "orderId": "o-1", "paymentId": "p-1", "stripeId": "pi_1",
            "reason": "cancelled", "rejectedAt": "2026-01-31T11:55:00.000Z" } },
        "outboxes": [
            { "service": "orders", "state": { "depth": 2, "setAside": 0, "oldestAgeMs": 20 } },
            { "service": "tickets" },
        ],
        "consumers": [consumer("orders-payment-created", true), consumer("orders-ticket-created", false)],
        "streams": [{ "name": "ticketing-orders", "exists": true, "optional": false, "messages": 12, "bytes": 4_096,
            "bytesLimit": 40_960, "lastSequence": 12, "differences": [] }],
        "services": [{ "name": "orders", "processes": [
            { "address": "http://10.0.0.1:3000", "about": about }, { "address": "http://10.0.0.2:3000" } ] }],
    });
    serde_json::from_value(status).unwrap()
}

/// What falls due in it.
pub(crate) fn forecast() -> Forecast {
    let minutes: Vec<u64> = (0..60).map(|minute| minute * 10).collect();
    let sum = minutes.iter().sum();
    let hours = std::iter::once(sum).chain(std::iter::repeat_n(7, 47)).collect();
    Forecast { now: "2026-01-31T12:00:00.000Z".parse().unwrap(), due: 988, minutes, hours, later: 0 }
}
