//! `/tickets/new` and `/tickets/{id}/edit`: what a seller writes.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use common::event::Id;
use maud::html;
use page_kit::Posted;

use super::{
    field::{Errors, Field},
    notices,
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::{Failure, TicketDraft},
    shop::{Shop, Who},
    visit::Visit,
    way_back::with,
};

const NEW: &str = "/tickets/new";

/// The form with what stands in it.
#[derive(Debug, Default)]
struct Draft {
    title: String,
    price: String,
    /// The ticket that it changes, and the version that the seller has seen.
    changes: Option<(Id, u32)>,
}

impl Draft {
    fn read(posted: &Posted, changes: Option<(Id, u32)>) -> Self {
        Self { title: posted.text("title").to_owned(), price: posted.text("price").to_owned(), changes }
    }

    fn path(&self) -> String {
        self.changes.as_ref().map_or_else(|| NEW.to_owned(), |(id, _)| format!("/tickets/{id}/edit"))
    }

    /// The address of the form with what is typed: nothing of it is lost on the way through signing in.
    fn url(&self) -> String {
        with(&with(&self.path(), "title", &self.title), "price", &self.price)
    }

    /// What people write for a decimal point, and around the number, is taken as they mean it.
    fn plain_price(&self) -> String {
        let price: String = self.price.chars().filter(|letter| !letter.is_whitespace()).collect();
        let is_decimal_comma = price.matches(',').count() == 1 && !price.contains('.');
        if is_decimal_comma { price.replace(',', ".") } else { price }
    }
}

/// `GET /tickets/new`
pub(crate) async fn show_new(State(shop): State<Shop>, visit: Visit) -> Response {
    let view = View::open(shop, visit).await;
    if view.who == Who::Nobody {
        return see(&View::sign_in(&view.visit.target));
    }
    let typed = |name| view.visit.query(name).unwrap_or_default();
    let draft = Draft { title: typed("title"), price: typed("price"), changes: None };
    page(&view, &draft, StatusCode::OK, &Errors::default())
}

/// `POST /tickets/new`
pub(crate) async fn sell(State(shop): State<Shop>, visit: Visit, posted: Posted) -> Response {
    let view = View::open(shop, visit).await;
    send(&view, &posted, Draft::read(&posted, None)).await
}

/// `GET /tickets/{id}/edit`
pub(crate) async fn show_edit(State(shop): State<Shop>, Path(id): Path<String>, visit: Visit) -> Response {
    let ask = async |shop: &Shop, visit: &Visit| {
        let id: Id = id.parse().map_err(|_| Failure::NotFound)?;
        shop.apis.ticket(visit, &id).await
    };
    let (view, ticket) = View::beside(shop, visit, ask).await;
    match ticket {
        Err(failure) => view.failed(&failure, view.visit.path()),
        Ok(_) if view.who == Who::Nobody => see(&View::sign_in(&view.visit.target)),
        Ok(ticket) if view.who.is_user() && !view.who.is(&ticket.user_id) => notices::not_yours(&view),
        Ok(ticket) => {
            let typed = |name, stored: String| view.visit.query(name).unwrap_or(stored);
            let draft = Draft {
                title: typed("title", ticket.title),
                price: typed("price", ticket.price.to_string()),
                changes: Some((ticket.id, ticket.version)),
            };
            let errors = match ticket.order_id {
                Some(_) => {
                    Errors::notice("Somebody has this ticket. It can only be changed when it is free again.")
                }
                None => Errors::default(),
            };
            page(&view, &draft, StatusCode::OK, &errors)
        }
    }
}

/// `POST /tickets/{id}/edit`
pub(crate) async fn edit(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    visit: Visit,
    posted: Posted,
) -> Response {
    let view = View::open(shop, visit).await;
    let (Ok(id), Ok(version)) = (id.parse(), posted.text("version").parse()) else {
        let checked = view.check(&posted, |_| notices::not_found(&view));
        return checked.map_or_else(|response| *response, |()| notices::not_found(&view));
    };
    send(&view, &posted, Draft::read(&posted, Some((id, version)))).await
}

/// Sends the draft to `tickets`, and shows it again with what is wrong with it.
async fn send(view: &View, posted: &Posted, draft: Draft) -> Response {
    let again = |text: &str| page(view, &draft, StatusCode::FORBIDDEN, &Errors::notice(text));
    if let Err(response) = view.check(posted, again) {
        return *response;
    }
    let price = draft.plain_price();
    let body = TicketDraft { title: &draft.title, price: &price };
    let sent = match &draft.changes {
        None => view.shop.apis.sell(&view.visit, &body).await,
        Some((id, version)) => view.shop.apis.edit(&view.visit, id, Some(*version), &body).await,
    };
    let failure = match sent {
        Ok(ticket) => {
            view.shop.ticket_changed();
            return see(&format!("/tickets/{}", ticket.id));
        }
        Err(failure) => failure,
    };
    match (&failure, Errors::of(&failure)) {
        (Failure::Changed, _) => {
            let text =
                "The ticket has changed since you opened this page. Please open it again, and look at it.";
            page(view, &draft, StatusCode::CONFLICT, &Errors::notice(text))
        }
        (Failure::Away { .. }, _) => {
            let text = "The shop can’t take this at the moment. Nothing is lost: please send it again.";
            page(view, &draft, StatusCode::SERVICE_UNAVAILABLE, &Errors::notice(text))
        }
        (_, Some(errors)) => page(view, &draft, StatusCode::BAD_REQUEST, &errors),
        _ => view.failed(&failure, &draft.url()),
    }
}

fn page(view: &View, draft: &Draft, status: StatusCode, errors: &Errors) -> Response {
    let currency = view.shop.settings.currency;
    let (title, button) = match draft.changes {
        None => ("Sell a ticket", "Put it up for sale"),
        Some(_) => ("Change a ticket", "Save"),
    };
    let title_field = Field {
        name: "title",
        label: "What is it for?",
        kind: "text",
        autocomplete: "off",
        value: &draft.title,
        hint: Some("Artist or event, place, date, seat"),
        longest: Some(200),
        inputmode: None,
    };
    let label = format!("Price in {currency}");
    let price_field = Field {
        name: "price",
        label: &label,
        kind: "text",
        autocomplete: "off",
        value: &draft.price,
        hint: Some("Such as 19.99"),
        longest: Some(20),
        inputmode: Some("decimal"),
    };
    let body = html! {
        section.card.narrow {
            h1 { (title) }
            (errors.summary(&["title", "price"]))
            form method="post" action=(draft.path()) novalidate {
                (view.token())
                @if let Some((_, version)) = draft.changes { input type="hidden" name="version" value=(version); }
                (title_field.shown(errors))
                (price_field.shown(errors))
                p.actions {
                    button { (button) }
                    @if let Some((id, _)) = &draft.changes { a.button.quiet href={ "/tickets/" (id) } { "Leave it" } }
                }
            }
        }
    };
    view.answer(status, &Page::new(title, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_taken_as_people_write_it_and_never_by_a_thousand_times() {
        for (typed, sent) in [
            ("19.99", "19.99"),
            (" 19,99 ", "19.99"),
            ("1 000", "1000"),
            ("1\u{202f}000,50", "1000.50"),
            ("1,000.50", "1,000.50"),
            ("1.000,50", "1.000,50"),
            ("1,000,000", "1,000,000"),
            ("ten", "ten"),
        ] {
            let draft = Draft { price: typed.to_owned(), ..Draft::default() };
            assert_eq!(draft.plain_price(), sent, "{typed}");
        }
    }
}
