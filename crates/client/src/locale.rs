//! In which form numbers are written: chosen from what the visitor's browser asks for.
//!
//! Source: Unicode CLDR 47, `numbers.json` of each locale, with Western digits; browsers' own `Intl` has the same.

/// In which form numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locale {
    /// Its BCP 47 tag, for scripts.
    pub(crate) tag: &'static str,
    /// Between whole and fraction.
    pub(crate) decimal: &'static str,
    /// Between groups of three digits.
    pub(crate) group: &'static str,
    /// Digits that a number needs before it is grouped at all.
    pub(crate) grouped_from: usize,
    /// Whether a currency's symbol comes first, and without a space.
    pub(crate) symbol_first: bool,
    pub(crate) symbol_space: bool,
}

const fn first(tag: &'static str, decimal: &'static str, group: &'static str, symbol_space: bool) -> Locale {
    Locale { tag, decimal, group, grouped_from: 4, symbol_first: true, symbol_space }
}

const fn last(tag: &'static str, decimal: &'static str, group: &'static str, grouped_from: usize) -> Locale {
    Locale { tag, decimal, group, grouped_from, symbol_first: false, symbol_space: true }
}

const NARROW: &str = "\u{202f}";
const SPACE: &str = "\u{a0}";

/// What a browser that asks for nothing known gets.
const ENGLISH: Locale = first("en-US", ".", ",", false);

/// Those with a region come before those without.
const KNOWN: [Locale; 34] = [
    ENGLISH,
    last("de-AT", ",", SPACE, 4),
    first("de-CH", ".", "’", true),
    first("es-MX", ".", ",", false),
    first("fr-CH", ".", NARROW, true),
    last("pt-PT", ",", SPACE, 5),
    first("en", ".", ",", false),
    last("de", ",", ".", 4),
    last("fr", ",", NARROW, 4),
    last("es", ",", ".", 5),
    last("it", ",", ".", 4),
    first("pt", ",", ".", true),
    first("nl", ",", ".", true),
    last("pl", ",", SPACE, 5),
    last("cs", ",", SPACE, 4),
    last("sk", ",", SPACE, 4),
    last("hu", ",", SPACE, 4),
    last("ro", ",", ".", 4),
    last("bg", ",", SPACE, 5),
    last("el", ",", ".", 4),
    last("sv", ",", SPACE, 4),
    last("nb", ",", SPACE, 4),
    last("no", ",", SPACE, 4),
    last("da", ",", ".", 4),
    last("fi", ",", SPACE, 4),
    last("et", ",", SPACE, 5),
    last("lt", ",", SPACE, 4),
    last("lv", ",", SPACE, 5),
    last("ru", ",", SPACE, 4),
    last("uk", ",", SPACE, 4),
    first("tr", ",", ".", false),
    first("ja", ".", ",", false),
    first("ko", ".", ",", false),
    first("zh", ".", ",", false),
];

impl Locale {
    /// The first known one in an `Accept-Language`, by weight.
    pub(crate) fn choose(accepted: &str) -> Self {
        let mut ranges: Vec<(f32, &str)> = accepted.split(',').filter_map(weighted).collect();
        // Stable: of equal ones the first comes first.
        ranges.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        ranges.into_iter().find_map(|(_, range)| Self::of(range)).unwrap_or(ENGLISH)
    }

    fn of(range: &str) -> Option<Self> {
        let language = range.split('-').next()?;
        let exact = KNOWN.into_iter().find(|known| known.tag.eq_ignore_ascii_case(range));
        exact.or_else(|| KNOWN.into_iter().find(|known| known.tag.eq_ignore_ascii_case(language)))
    }
}

/// One entry, such as `de-AT;q=0.8`, unless it is refused by a weight of 0.
fn weighted(entry: &str) -> Option<(f32, &str)> {
    let mut parts = entry.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
    (weight > 0.0).then_some((weight, range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_language_of_most_weight_is_chosen() {
        for (accepted, tag) in [
            ("", "en-US"),
            ("*", "en-US"),
            ("de", "de"),
            ("de-DE,de;q=0.9,en;q=0.8", "de"),
            ("de-at, en", "de-AT"),
            ("en;q=0.5, fr-CA;q=0.7", "fr"),
            ("tlh, sv;q=0.1", "sv"),
            ("fr;q=0, en-GB", "en"),
            ("fr;q=x;;,,en", "en"),
        ] {
            assert_eq!(Locale::choose(accepted).tag, tag, "{accepted}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_chooses_something(text in ".{0,80}") {
            let chosen = Locale::choose(&text);
            proptest::prop_assert!(KNOWN.contains(&chosen));
        }
    }
}
