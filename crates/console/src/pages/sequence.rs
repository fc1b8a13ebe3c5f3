//! The path of an order across the services, drawn: a line for each service, and an arrow for each step.

use common::operator::{PathStep, Step};
use maud::{Markup, html};

use super::words;

/// Where the instants stand.
const GUTTER: usize = 120;
const COLUMN: usize = 150;
const TOP: usize = 56;
const ROW: usize = 44;

/// Where each service's line is, and each step's row.
struct Sketch<'a> {
    services: Vec<&'a str>,
    steps: &'a [PathStep],
}

/// The picture. What it says is in the table below it, too.
pub(super) fn picture(id: &str, steps: &[PathStep]) -> Markup {
    let mut services: Vec<&str> = Vec::new();
    for step in steps {
        if !services.contains(&step.service.as_str()) {
            services.push(&step.service);
        }
    }
    let sketch = Sketch { services, steps };
    let (width, height) = (GUTTER + sketch.services.len() * COLUMN, TOP + steps.len() * ROW + 16);
    html! {
        div.scroll role="region" aria-label="Path, drawn" tabindex="0" {
            svg.sequence viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
                role="img" aria-labelledby="path-title path-desc" {
                title #path-title { "The path of order " (id) " across the services" }
                desc #path-desc { (described(steps)) }
                @for (at, service) in sketch.services.iter().enumerate() {
                    text.name x=(sketch.x(at)) y="24" text-anchor="middle" { (service) }
                    line.life x1=(sketch.x(at)) x2=(sketch.x(at)) y1="36" y2=(height - 8) {}
                }
                @for row in 0..steps.len() { (sketch.step(row)) }
            }
        }
    }
}

/// The same in words.
fn described(steps: &[PathStep]) -> String {
    let told = steps.iter().filter_map(|step| {
        let at = words::time_of_day(step.at?);
        Some(format!("{} at {at} by {}", step.step.label(), step.service))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        String::from("No step has an instant yet.")
    } else {
        format!("{}.", told.join(", "))
    }
}

impl Sketch<'_> {
    fn x(&self, column: usize) -> usize {
        GUTTER + column * COLUMN + COLUMN / 2
    }

    fn column(&self, row: usize) -> usize {
        let service = &self.steps[row].service;
        self.services.iter().position(|known| known == service).unwrap_or(0)
    }

    /// The step that led to this one: the last that is known to have been taken. Seat and money follow from the decision, and not
    /// from each other. What has not been taken has none.
    fn cause(&self, row: usize) -> Option<usize> {
        let step = &self.steps[row];
        step.at?;
        let follows = matches!(step.step, Step::SeatFree | Step::MoneySettled);
        let is_cause = |before: &PathStep| {
            before.at.is_some() && (!follows || matches!(before.step, Step::Decided | Step::DecisionTold))
        };
        self.steps[..row].iter().rposition(is_cause)
    }

    fn step(&self, row: usize) -> Markup {
        let step = &self.steps[row];
        let (to, y) = (self.x(self.column(row)), TOP + row * ROW + ROW / 2);
        let from = self.cause(row).map_or(to, |before| self.x(self.column(before)));
        let middle = usize::midpoint(from, to);
        let label = match step.after_ms {
            Some(ms) if step.at.is_some() => {
                format!("{} · {}{}", step.step.label(), if ms < 0 { "" } else { "+" }, words::span(ms))
            }
            _ => step.step.label().to_owned(),
        };
        // Beside the line of its own service, or over the arrow from the one before.
        let (text_x, anchor) = if from == to { (to + 10, "start") } else { (middle, "middle") };
        let tip = if from < to { to - 8 } else { to + 8 };
        html! {
            g class=(if step.at.is_some() { "step" } else { "step missing" }) {
                text.soft x="12" y=(y + 4) { @match step.at { Some(at) => (words::time_of_day(at)), None => "–" } }
                @if from == to {
                    circle cx=(to) cy=(y) r="5" {}
                } @else {
                    line.arrow x1=(from) x2=(to) y1=(y) y2=(y) {}
                    polygon points=(format!("{to},{y} {tip},{} {tip},{}", y - 5, y + 5)) {}
                }
                text x=(text_x) y=(if from == to { y + 4 } else { y - 7 }) text-anchor=(anchor) { (label) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::*;

    fn step(step: Step, service: &str, at: Option<i64>, after_ms: Option<i64>) -> PathStep {
        let at = at.map(Timestamp::from_millis);
        PathStep { step, service: service.into(), at, clock: None, after_ms, note: None }
    }

    #[test]
    fn each_service_has_a_line_and_each_step_an_arrow_or_a_dot() {
        let steps = [
            step(Step::Clicked, "client", Some(1_000), None),
            step(Step::Stored, "orders", Some(1_012), Some(12)),
            step(Step::Told, "orders", Some(1_020), Some(8)),
            step(Step::Scheduled, "expiration", None, None),
        ];
        let html = picture("o-1", &steps).into_string();
        assert_eq!(html.matches(r#"class="life""#).count(), 3);
        // Not one to what has not been taken.
        assert_eq!((html.matches("<polygon").count(), html.matches("<circle").count()), (1, 3));
        for part in ["stored · +12 ms", "00:00:01.012", "step missing", "clicked at 00:00:01.000 by client"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn an_arrow_comes_from_what_led_to_its_step() {
        let steps = [
            step(Step::Told, "orders", Some(1), None),
            step(Step::Claimed, "expiration", None, None),
            step(Step::Decided, "orders", Some(2), Some(1)),
            step(Step::SeatFree, "tickets", Some(3), Some(1)),
            step(Step::MoneySettled, "payments", Some(4), Some(1)),
        ];
        let sketch = Sketch { services: vec!["orders", "expiration", "tickets", "payments"], steps: &steps };
        let causes: Vec<Option<usize>> = (0..steps.len()).map(|row| sketch.cause(row)).collect();
        assert_eq!(causes, [None, None, Some(0), Some(2), Some(2)]);
    }

    #[test]
    fn a_name_is_no_markup_and_a_way_without_steps_is_drawn_too() {
        let html = picture("o", &[step(Step::Clicked, "</svg><script>", Some(1), None)]).into_string();
        assert!(!html.contains("<script>"));
        assert!(picture("o", &[]).into_string().contains("No step has an instant yet."));
    }
}
