//! One moment as one line on stdout.

use serde_json::{Value, json};

use super::{
    moment::Moment,
    text::{self, Tone},
};

/// Time of day, seconds since the beginning, what, to which order, how late, and details.
pub(super) fn as_text(moment: &Moment, since_ms: i64, colour: bool) -> String {
    let Moment { at_ms, event, order, number, late_ms, detail, tone } = moment;
    let number = number.map(|number| format!("#{number}")).unwrap_or_default();
    // The end of an id is its random part.
    let id = order.as_ref().map(|order| order.as_str()).unwrap_or_default();
    let id = &id[id.len().saturating_sub(6)..];
    let late = late_ms.map(|ms| format!("{} late", text::span(ms as f64))).unwrap_or_default();
    let rest = format!("{number:>6} {id:<6} {late:>13}  {detail}");
    let rest = if *tone == Tone::Quiet { text::paint(&rest, *tone, colour) } else { rest };
    let line = format!(
        "{}  {:>7.3}  {}  {rest}",
        text::clock(*at_ms),
        since_ms as f64 / 1_000.0,
        text::paint(&format!("{event:<19}"), *tone, colour),
    );
    line.trim_end().to_owned()
}

/// What stands where in [`as_text`].
pub(super) fn headings(colour: bool) -> String {
    let line = format!(
        "{:<12}  {:>7}  {:<19}  {:>6} {:<6} {:>13}  details",
        "time", "seconds", "event", "order", "id", "lateness"
    );
    text::paint(&line, Tone::Quiet, colour)
}

/// One JSON object.
pub(super) fn as_json(moment: &Moment, since_ms: i64) -> Value {
    let Moment { at_ms, event, order, number, late_ms, detail, .. } = moment;
    json!({
        "event": event,
        "at": text::instant(*at_ms),
        "sinceMs": since_ms,
        "order": order,
        "number": number,
        "latenessMs": late_ms,
        "detail": detail,
    })
}
