//! One dead letter, whole.

use common::operator::DeadLetter;

use crate::{
    shown::{instant, plain, plain_lines},
    style::Style,
};

/// Why it is one, where it came from, its headers and its body.
pub(super) fn text(letter: &DeadLetter, now_ms: i64, style: Style) -> String {
    let brief = &letter.brief;
    let mut facts = vec![
        ("consumer", brief.consumer.clone()),
        ("subject", brief.subject.clone()),
        ("reason", brief.reason.clone()),
        ("group", brief.group.clone()),
        ("since", instant(brief.at, now_ms)),
        ("from", format!("{}, sequence {}", letter.stream, letter.stream_sequence)),
        ("stored", letter.published_at.clone()),
    ];
    facts.extend(brief.order.as_ref().map(|order| ("order", order.to_string())));
    facts.extend(letter.trace_id.clone().map(|trace| ("trace", trace)));
    if brief.replays > 0 {
        facts.push(("replayed", format!("{} times, and failed again", brief.replays)));
    }
    facts.extend(letter.problem.clone().map(|problem| ("problem", problem)));
    let mut lines = vec![format!("{} {}", style.bold("dead letter"), brief.sequence)];
    lines.extend(facts.iter().map(|(name, value)| format!("{name:<10}{}", plain(value))));
    lines.extend([String::new(), style.bold("headers")]);
    for (name, values) in &letter.headers {
        lines.extend(values.iter().map(|value| format!("  {}: {}", plain(name), plain(value))));
    }
    let body = match (letter.cut_from, letter.exact) {
        (Some(length), _) => {
            format!("body, cut from {length} bytes: it can be replayed with another one only")
        }
        (None, true) => "body".to_owned(),
        (None, false) => "body, of which some bytes are no text".to_owned(),
    };
    lines.extend([String::new(), style.bold(&body), plain_lines(&letter.body)]);
    lines.join("\n")
}
