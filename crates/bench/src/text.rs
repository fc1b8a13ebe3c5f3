//! How numbers look.

use std::collections::BTreeMap;

pub(crate) use testkit::terminal::count;

/// `1.83`, `18.3`, `183`, `18,300`: three digits tell all that a noisy machine can.
pub(crate) fn figure(number: f64) -> String {
    match number.abs() {
        n if n >= 1_000.0 => {
            let scale = 10f64.powi(n.log10().floor() as i32 - 2);
            count(((number / scale).round() * scale) as usize)
        }
        n if n >= 99.95 => format!("{number:.0}"),
        n if n >= 9.995 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// Every figure with its name.
pub(crate) fn figures(figures: &BTreeMap<&'static str, f64>) -> String {
    figures.iter().map(|(name, value)| format!("{name} {}", figure(*value))).collect::<Vec<_>>().join(", ")
}

/// `1.83 ms`, `18.3 s`
pub(crate) fn span(ms: f64) -> String {
    if ms >= 999.5 { format!("{} s", figure(ms / 1_000.0)) } else { format!("{} ms", figure(ms)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_three_digits() {
        let figures = [1.834, 9.996, 18.34, 183.4, 1_834.0, 18_340.0, 123_456.0].map(figure);
        assert_eq!(figures, ["1.83", "10.0", "18.3", "183", "1,830", "18,300", "123,000"]);
        assert_eq!([1.834, 18_340.0].map(span), ["1.83 ms", "18.3 s"]);
    }
}
