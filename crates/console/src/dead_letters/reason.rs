//! What reasons have in common: everything that differs from letter to letter becomes `…`.

/// Stands for what differs.
const DIFFERS: char = '…';
/// Letters of a reason that count.
const LONGEST: usize = 300;

/// The reason without what differs from letter to letter: ids, numbers, and what is quoted. A name between backticks without a
/// digit in it, such as that of a field, stays.
pub(super) fn normalised(reason: &str) -> String {
    let chars: Vec<char> = reason.chars().collect();
    let mut text = String::with_capacity(reason.len());
    let mut at = 0;
    while at < chars.len() && text.len() < LONGEST {
        let end = match chars[at] {
            quote @ ('"' | '\'' | '`') if !follows_word(&chars, at) => match closing(&chars, at, quote) {
                Some(end) if quote == '`' && is_name(&chars[at + 1..end]) => {
                    text.extend(&chars[at..=end]);
                    at = end + 1;
                    continue;
                }
                Some(end) => end + 1,
                None => {
                    text.push(quote);
                    at += 1;
                    continue;
                }
            },
            c if is_of_word(c) => {
                let end = chars[at..]
                    .iter()
                    .position(|c| !is_of_word(*c))
                    .map_or(chars.len(), |length| at + length);
                let word = &chars[at..end];
                if !word.iter().any(char::is_ascii_digit) {
                    text.extend(word);
                    at = end;
                    continue;
                }
                end
            }
            c => {
                text.push(c);
                at += 1;
                continue;
            }
        };
        differs(&mut text);
        at = end;
    }
    text
}

/// `1.5` and `a1 b2` are each one that differs, not two.
fn differs(text: &mut String) {
    let joined = text.ends_with(DIFFERS)
        || text.strip_suffix(['.', ':', ',']).is_some_and(|text| text.ends_with(DIFFERS));
    if joined {
        text.truncate(text.rfind(DIFFERS).unwrap_or(text.len()));
    }
    text.push(DIFFERS);
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// As in `doesn't`.
fn follows_word(chars: &[char], at: usize) -> bool {
    at > 0 && chars[at - 1].is_alphanumeric()
}

fn is_name(chars: &[char]) -> bool {
    !chars.is_empty() && chars.iter().all(|c| c.is_ascii_alphabetic() || *c == '_' || *c == '.')
}

/// Where a quoted text ends, a backslash before a quote aside.
fn closing(chars: &[char], at: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    chars.iter().enumerate().skip(at + 1).find_map(|(place, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends.then_some(place)
    })
}

/// Stable name of the group of a consumer and a normalised reason: FNV-1a, because names stand in links and scripts and must be
/// the same in every release.
pub(super) fn group_id(consumer: &str, reason: &str) -> String {
    let bytes = consumer.bytes().chain([0]).chain(reason.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_letter_to_letter_does_not_count() {
        for (one, other, common) in [
            (
                "the order 65f0c0ffee0000000000beef is unknown",
                "the order 65f0c0ffee00000000001234 is unknown",
                "the order … is unknown",
            ),
            (
                "refused 6 times: late by 1.5 s",
                "refused 51 times: late by 20 s",
                "refused … times: late by … s",
            ),
            (
                r#"at orderId: invalid type: string "a \" b", expected u64 at line 1 column 17"#,
                r#"at orderId: invalid type: string "", expected u64 at line 2 column 9"#,
                "at orderId: invalid type: string …, expected u64 at line … column …",
            ),
        ] {
            let common = common.replace("u64", "…");
            assert_eq!(normalised(one), common);
            assert_eq!(normalised(other), common);
        }
    }

    #[test]
    fn the_name_of_a_field_counts() {
        assert_eq!(normalised("missing field `orderId`"), "missing field `orderId`");
        assert_ne!(normalised("missing field `orderId`"), normalised("missing field `id`"));
        assert_eq!(normalised("unknown ticket `t-17`"), "unknown ticket …");
    }

    #[test]
    fn odd_texts_are_bounded_and_break_nothing() {
        for text in ["", "it doesn't", "an open \" quote", "````", "票 12", "'"] {
            assert!(normalised(text).len() <= text.len() + 3, "{text}: {}", normalised(text));
        }
        assert_eq!(normalised("it doesn't work"), "it doesn't work");
        assert!(normalised(&"a ".repeat(10_000)).len() <= LONGEST + 4);
    }

    #[test]
    fn the_name_of_a_group_never_changes() {
        assert_eq!(group_id("orders-payment-created", "missing field `id`"), "4aac739dca7e455d");
        assert_ne!(group_id("a", "b"), group_id("ab", ""));
    }
}
