//! Parsers for single values. Each error names the value and what is expected, with an example.

use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive, str::FromStr};

/// An address to listen on, such as `0.0.0.0:3000`.
///
/// # Errors
/// A text that names the value and what is expected.
pub fn socket_addr(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is not an address; expected an IP address and a port, such as 0.0.0.0:3000 or [::]:3000"
        )
    })
}

/// A whole number within `range`.
///
/// # Errors
/// The returned parser's error names the value and the range.
pub fn number_in<N>(range: RangeInclusive<N>) -> impl FnOnce(&str) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "`{text}` is not a whole number from {} to {}; expected one, such as {}",
            range.start(),
            range.end(),
            range.start()
        )),
    }
}
