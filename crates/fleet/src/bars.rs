//! How many fall due when, as bars in a terminal.

use common::internal::Forecast;

use crate::{
    shown::{self, count},
    style::Style,
};

/// Eighths of a cell, from one to all of them.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Where nobody says how wide a line may be.
const WIDTH: usize = 80;
/// Before and behind a bar: `+12 min` and the number.
const BESIDE: usize = 24;

/// The whole forecast. Empty minutes and hours in a row are one line.
pub(crate) fn forecast(forecast: &Forecast, style: Style) -> String {
    let wide = style.width.unwrap_or(WIDTH).saturating_sub(BESIDE).max(8);
    let mut lines = vec![format!(
        "at {}: {} due now, {} in the next hour, {} in the next two days, {} later",
        shown::absolute(forecast.now),
        count(forecast.due),
        count(forecast.minutes.iter().sum()),
        count(forecast.hours.iter().sum()),
        count(forecast.later),
    )];
    lines.extend([String::new(), style.bold("due within the next minutes")]);
    lines.extend(chart(&forecast.minutes, 0, "min", wide));
    lines.extend([String::new(), style.bold("due within the next hours")]);
    lines.extend(chart(forecast.hours.get(1..).unwrap_or_default(), 1, "h", wide));
    lines.join("\n")
}

fn chart(counts: &[u64], first: usize, unit: &str, wide: usize) -> Vec<String> {
    let most = counts.iter().copied().max().unwrap_or_default();
    if most == 0 {
        return vec!["  none".to_owned()];
    }
    let mut lines = Vec::new();
    let mut index = 0;
    while index < counts.len() {
        let empty = counts[index..].iter().take_while(|count| **count == 0).count();
        let at = first + index;
        match empty {
            0 => {
                let number = counts[index];
                let label = format!("+{at} {unit}");
                lines.push(format!("  {label:<9}{} {}", bar(number, most, wide), count(number)));
                index += 1;
            }
            _ if index + empty == counts.len() => break,
            1 => {
                let label = format!("+{at} {unit}");
                lines.push(format!("  {label:<9}0"));
                index += 1;
            }
            _ => {
                lines.push(format!("  {:<9}none for {empty} {unit}", format!("+{at} {unit}")));
                index += empty;
            }
        }
    }
    lines
}

/// As long as its share of the most; what is not zero is seen.
fn bar(number: u64, most: u64, wide: usize) -> String {
    let eighths = (number as f64 / most as f64 * wide as f64 * 8.0).round().max(1.0) as usize;
    let mut text = "█".repeat(eighths / 8);
    if let Some(rest) = (eighths % 8).checked_sub(1) {
        text.push(EIGHTHS[rest]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_bar_is_as_wide_as_there_is_room_and_the_smallest_is_seen() {
        assert_eq!(bar(100, 100, 10), "██████████");
        assert_eq!(bar(50, 100, 10), "█████");
        assert_eq!(bar(1, 1_000_000, 10), "▏");
        assert_eq!(bar(55, 100, 10), "█████▌");
    }

    #[test]
    fn minutes_and_hours_in_which_nothing_falls_due_take_one_line() {
        let mut minutes = vec![0; 60];
        (minutes[0], minutes[12]) = (4, 2);
        let mut hours = vec![0; 48];
        (hours[0], hours[47]) = (6, 1);
        let at = "2026-01-31T12:00:00.000Z".parse().unwrap();
        let text = forecast(&Forecast { now: at, due: 3, minutes, hours, later: 9 }, Style::default());
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "at 2026-01-31 12:00:00Z: 3 due now, 6 in the next hour, 7 in the next two days, 9 later",
                "",
                "due within the next minutes",
                &format!("  +0 min   {} 4", "█".repeat(56)),
                "  +1 min   none for 11 min",
                &format!("  +12 min  {} 2", "█".repeat(28)),
                "",
                "due within the next hours",
                "  +1 h     none for 46 h",
                &format!("  +47 h    {} 1", "█".repeat(56)),
            ]
        );
    }

    #[test]
    fn a_forecast_of_nothing_says_so() {
        let at = "2026-01-31T12:00:00.000Z".parse().unwrap();
        let nothing = Forecast { now: at, due: 0, minutes: vec![0; 60], hours: vec![0; 48], later: 0 };
        assert_eq!(forecast(&nothing, Style::default()).matches("none").count(), 2);
    }
}
