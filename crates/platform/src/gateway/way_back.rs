//! Where the payment provider's page sends a buyer back to, where no shop runs.

use axum::{
    http::Method,
    response::{Html, IntoResponse as _, Response},
};
use common::event::Id;

/// The page of an order; none for any other path.
pub(super) fn page(method: &Method, path: &str) -> Option<Response> {
    if *method != Method::GET {
        return None;
    }
    // An id has no character that means something in HTML.
    let order: Id = path.strip_prefix("/orders/")?.parse().ok()?;
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Back from paying</title>\
         <p>You are back from paying for order <code>{order}</code>. There is no shop here: \
         <code>GET /api/orders/{order}</code>, with the buyer's session, says what became of it."
    );
    Some(Html(page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_an_order_is_there() {
        assert!(page(&Method::GET, "/orders/65b0a3f0c1d2e3f405162738").is_some());
        for path in ["/orders/", "/orders/a/b", "/orders/<script>", "/api/orders/a", "/"] {
            assert!(page(&Method::GET, path).is_none(), "{path}");
        }
        assert!(page(&Method::POST, "/orders/65b0a3f0c1d2e3f405162738").is_none());
    }
}
