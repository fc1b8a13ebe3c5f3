//! How times and numbers look in a verdict.

pub use testkit::terminal::count;

/// `4 ms`, `-3 ms`, `11.2 s`.
pub fn span(ms: f64) -> String {
    if ms.abs() >= 999.5 {
        return format!("{:.1} s", ms / 1_000.0);
    }
    if ms.abs() >= 9.95 { format!("{ms:.0} ms") } else { format!("{ms:.1} ms") }
}

/// `1 order`, `2,000 orders`
pub fn some(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [3.12, 9.96, -3.0, 999.6, 11_249.0].map(span),
            ["3.1 ms", "10 ms", "-3.0 ms", "1.0 s", "11.2 s"]
        );
        assert_eq!([some(1, "order"), some(2_000, "order")], ["1 order", "2,000 orders"]);
    }
}
