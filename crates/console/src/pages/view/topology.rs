//! Whether a stream or a consumer is as the topology has it.

use maud::{Markup, html};

/// Whether it is as the topology has it.
pub(super) fn judged(exists: bool, optional: bool, differences: &[String]) -> Markup {
    html! {
        @match (exists, optional, differences) {
            (false, true, _) => "not there yet",
            (false, false, _) => strong.wrong { "missing" },
            (true, _, []) => "yes",
            (true, _, differences) => ul { @for difference in differences { li.wrong { (difference) } } },
        }
    }
}
