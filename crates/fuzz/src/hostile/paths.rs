//! In the path and in the query: SQL, header lines, other directories, and what is no text.

use super::{
    Attack,
    Expected::{Malformed, Refused},
    Request, Target,
};

/// Where an id belongs; each is the id of nothing.
pub(super) const NO_IDS: [(&str, &str); 13] = [
    ("SQL that is always true", "1'%20OR%20'1'='1"),
    ("SQL that drops a table", "1%27;DROP%20TABLE%20orders;--"),
    ("SQL that joins a table", "1%27%20UNION%20SELECT%20password%20FROM%20users--"),
    ("U+0000", "a%00b"),
    ("a header line", "a%0d%0aX-Injected:%201"),
    ("invalid UTF-8", "%ff%fe"),
    ("overlong UTF-8", "%c0%af"),
    ("a surrogate in UTF-8", "%ed%a0%80"),
    ("a broken escape", "%zz"),
    ("half an escape", "%"),
    ("another directory", "..%2f..%2f..%2fetc%2fpasswd"),
    ("a template", "%7b%7b7*7%7d%7d"),
    ("another alphabet", "%D0%B8%D0%B4"),
];

/// In the query of a list; each makes no sense there.
const NO_PAGES: [(&str, &str); 14] = [
    ("SQL that is always true", "after=1%27%20OR%20%271%27=%271"),
    ("SQL that drops a table", "limit=1;DROP%20TABLE%20orders"),
    ("U+0000", "after=%00"),
    ("a header line", "after=a%0d%0aX-Injected:%201"),
    ("invalid UTF-8", "after=%ff%fe"),
    ("the id of nothing", "after=ffffffffffffffffffffffff"),
    ("no id", "after="),
    ("a page of nothing", "limit=0"),
    ("a page of less than nothing", "limit=-1"),
    ("a page of everything", "limit=4294967295"),
    ("a number that no machine has", "limit=99999999999999999999999999"),
    ("no number", "limit=NaN"),
    ("a fraction", "limit=1.5"),
    ("two limits", "limit=1&limit=2"),
];

pub(super) fn attacks(target: &Target) -> Vec<Attack> {
    let me = Some(target.me.cookie.as_str());
    let get = |path: String| Request::get(path).bytes(me);
    let mut attacks: Vec<Attack> = NO_IDS
        .iter()
        .map(|(name, id)| {
            let path = format!("{}/{id}", target.prefix);
            Attack::new(format!("path with {name}"), get(path), Refused(&[404]))
        })
        .collect();
    for (name, query) in NO_PAGES.iter().filter(|_| target.list.is_some()) {
        let path = format!("{}?{query}", target.list.unwrap_or_default());
        attacks.push(Attack::new(format!("query with {name}"), get(path), Refused(&[400])));
    }
    let long = format!("{}/{}", target.prefix, "a".repeat(8_000));
    attacks.push(Attack::new("path of 8 kB", get(long), Refused(&[404])));
    let deep = format!("{}{}", target.prefix, "/a".repeat(4_000));
    attacks.push(Attack::new("path of 4000 segments", get(deep), Refused(&[404])));
    let endless = format!("{}/{}", target.prefix, "a".repeat(1 << 20));
    attacks.push(Attack::new("path of 1 MiB", get(endless), Malformed));
    for (name, path) in [("a doubled slash", "//"), ("dots", "/../"), ("nothing known", "/admin")] {
        let path = format!("{}{path}a", target.prefix);
        attacks.push(Attack::new(format!("path with {name}"), get(path), Refused(&[404])));
    }
    attacks
}
