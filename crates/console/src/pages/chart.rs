//! A chart of bars, with the same figures as a table for those who can't see it.

use maud::{Markup, html};

use super::{table::table, words};

const WIDTH: usize = 720;
const HEIGHT: usize = 160;
/// Below the bars: what they are.
const FOOT: usize = 24;
/// Above the tallest one: how much it is.
const HEAD: usize = 20;

/// How many fall due in each of the bars.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    /// Its name on the page, of which there is one.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What a bar stands for: `minute` or `hour`.
    pub(super) unit: &'a str,
    pub(super) values: &'a [u64],
    /// Every how many bars one is named.
    pub(super) every: usize,
}

impl Chart<'_> {
    /// The figure: what it says in one sentence, the bars, and the table.
    pub(super) fn shown(&self) -> Markup {
        let most = self.values.iter().copied().max().unwrap_or(0);
        let total: u64 = self.values.iter().sum();
        let tallest = self.values.iter().position(|value| *value == most).unwrap_or(0);
        let sentence = if total == 0 {
            format!("None in the next {} {}s.", self.values.len(), self.unit)
        } else {
            format!(
                "{} in the next {} {}s; the most, {}, {}.",
                words::count(total),
                self.values.len(),
                self.unit,
                words::count(most),
                self.when(tallest)
            )
        };
        let rows = html! {
            @for (at, value) in self.values.iter().enumerate() {
                tr { th scope="row" { (self.when(at)) } td.number { (words::count(*value)) } }
            }
        };
        html! {
            figure.chart {
                figcaption { strong { (self.title) } " " span.soft { (sentence) } }
                (self.picture(&sentence, most))
                details {
                    summary { (self.title) " as a table" }
                    (table(&format!("{} as figures", self.title), &["When", "Timers"], &rows))
                }
            }
        }
    }

    fn picture(&self, sentence: &str, most: u64) -> Markup {
        let step = WIDTH / self.values.len().max(1);
        let height = |value: u64| {
            let share = value.saturating_mul(HEIGHT as u64).checked_div(most).unwrap_or(0);
            // One timer is to be seen beside a million.
            if value > 0 { share.max(2) } else { 0 }
        };
        let base = HEAD + HEIGHT;
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {}", base + FOOT)) role="img"
                aria-labelledby={ (self.id) "-title " (self.id) "-desc" } {
                title id={ (self.id) "-title" } { (self.title) }
                desc id={ (self.id) "-desc" } { (sentence) }
                @if most > 0 { text.soft x="0" y="14" { "most: " (words::count(most)) } }
                line x1="0" x2=(WIDTH) y1=(base) y2=(base) {}
                @for (at, value) in self.values.iter().enumerate() {
                    @if *value > 0 {
                        rect x=(at * step + 1) y=(base as u64 - height(*value))
                            width=(step.saturating_sub(2).max(1)) height=(height(*value)) {
                            title { (self.when(at)) ": " (words::count(*value)) }
                        }
                    }
                    @if at % self.every == 0 { text.soft x=(at * step) y=(base + 17) { "+" (at) } }
                }
            }
        }
    }

    fn when(&self, at: usize) -> String {
        match at {
            0 => format!("within 1 {}", self.unit),
            _ => format!("in {at} to {} {}s", at + 1, self.unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[u64]) -> String {
        Chart { id: "m", title: "Next minutes", unit: "minute", values, every: 10 }.shown().into_string()
    }

    #[test]
    fn the_tallest_bar_is_as_tall_as_the_chart_and_one_timer_is_to_be_seen() {
        let html = chart(&[0, 1_000_000, 1]);
        assert!(html.contains(r#"height="160""#) && html.contains(r#"height="2""#), "{html}");
        assert_eq!(html.matches("<rect").count(), 2);
        assert!(
            html.contains("1,000,001 in the next 3 minutes; the most, 1,000,000, in 1 to 2 minutes."),
            "{html}"
        );
    }

    #[test]
    fn who_cannot_see_it_has_the_same_figures() {
        let html = chart(&[3, 0]);
        assert!(html.contains(r#"role="img" aria-labelledby="m-title m-desc""#));
        assert!(html.contains("<th scope=\"row\">within 1 minute</th><td class=\"number\">3</td>"), "{html}");
        assert!(chart(&[0, 0]).contains("None in the next 2 minutes."));
    }
}
