//! Our own icons: strokes on a grid of 24, in the colour of the text. They say nothing that the text beside them does not.

use maud::{Markup, PreEscaped};

fn icon(strokes: &str) -> Markup {
    PreEscaped(format!(
        "<svg class=\"i\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">{strokes}</svg>"
    ))
}

/// A ticket with its stub.
pub(super) fn stub() -> Markup {
    icon("<path d=\"M3 6h18v4a2 2 0 0 0 0 4v4H3v-4a2 2 0 0 0 0-4zM15 6v2m0 3v2m0 3v2\"/>")
}

/// Something new.
pub(super) fn plus() -> Markup {
    icon("<path d=\"M12 5v14M5 12h14\"/>")
}

/// A price tag.
pub(super) fn tag() -> Markup {
    icon("<path d=\"M3 12V4a1 1 0 0 1 1-1h8l9 9-9 9zM8 8h.01\"/>")
}

/// A bag.
pub(super) fn bag() -> Markup {
    icon("<path d=\"M5 8h14l1 13H4zM9 11V7a3 3 0 0 1 6 0v4\"/>")
}

/// The way out.
pub(super) fn out() -> Markup {
    icon("<path d=\"M10 4H4v16h6m5-4 4-4-4-4m4 4H9\"/>")
}

/// It is done.
pub(super) fn tick() -> Markup {
    icon("<path d=\"m4 12 5 6L20 6\"/>")
}

/// It runs.
pub(super) fn clock() -> Markup {
    icon("<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 7v5l3 3\"/>")
}

/// It is over, or wrong.
pub(super) fn cross() -> Markup {
    icon("<path d=\"M6 6l12 12M18 6 6 18\"/>")
}

/// Somebody should know.
pub(super) fn warning() -> Markup {
    icon("<path d=\"M12 3 2 20h20zM12 10v4m0 3h.01\"/>")
}
