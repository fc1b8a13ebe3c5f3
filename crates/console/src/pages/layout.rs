//! What is around every page: head, skip link, navigation, who is signed in, and what is out of the ordinary.

use common::internal::PauseState;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::{SCRIPT, STYLE},
    page::Page,
    reader::Reader,
    words,
};

const NAME: &str = "Ticketing console";

const PAGES: [(&str, &str); 7] = [
    ("/", "Overview"),
    ("/schedule", "Schedule"),
    ("/dead-letters", "Dead letters"),
    ("/payments", "Payments"),
    ("/consumers", "Consumers"),
    ("/operations", "Operations"),
    ("/audit", "Audit"),
];

/// The whole document.
pub(super) fn document(reader: &Reader, page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (page.title) " – " (NAME) }
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.path());
                script src=(SCRIPT.path()) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                (header(reader))
                main #main tabindex="-1" data-live=[page.live] data-watched=[page.watched] {
                    (banners(reader))
                    (page.body)
                }
                (footer(reader))
            }
        }
    }
}

fn header(reader: &Reader) -> Markup {
    html! {
        header.top {
            a.brand href="/" { (NAME) }
            @if let Some(name) = &reader.name {
                form.find action="/orders" role="search" data-operation="getOrder" {
                    label.hidden for="find" { "Order id" }
                    input #find name="id" type="text" placeholder="Order id" autocomplete="off" spellcheck="false" required maxlength="64";
                    button.quiet { "Find" }
                }
                form.who method="post" action="/signout" {
                    (reader.token)
                    span { "Signed in as " strong { bdi { (name) } } ", " (if reader.is_operator { "operator" } else { "viewer" }) }
                    button.quiet { "Sign out" }
                }
                nav aria-label="Main" {
                    ul {
                        @for (path, label) in PAGES {
                            li { a href=(path) aria-current=[current(path, &reader.path)] { (label) } }
                        }
                    }
                }
            }
        }
    }
}

fn current(path: &str, here: &str) -> Option<&'static str> {
    if path == here {
        return Some("page");
    }
    let below = path != "/" && here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    below.then_some("true")
}

fn banners(reader: &Reader) -> Markup {
    html! {
        @if let Some(text) = &reader.notice { div.notice.done role="status" { p { (text) } } }
        @if reader.read_only && reader.name.is_some() {
            div.notice { p { "Read-only: this console shows everything and changes nothing." } }
        }
        @if let Some(pause) = &reader.pause { (paused(pause, reader)) }
    }
}

fn paused(pause: &PauseState, reader: &Reader) -> Markup {
    html! {
        div.notice #paused {
            p {
                @if pause.paused {
                    strong { "The schedule is paused" } " by " bdi { (pause.by) } " until "
                    (words::near(pause.until, reader.now)) " at most: " (words::of(pause.waiting, "timer"))
                    " wait, and " (words::count(pause.falling_due)) " more fall due until then. "
                } @else {
                    strong { "The schedule was paused" } " by " bdi { (pause.by) } ": "
                    (words::of(pause.waiting, "timer")) " that waited are being fired"
                    @if let Some(rate) = pause.rate { ", " (words::count(rate.into())) " a second" }
                    ". "
                }
                a href="/schedule#pause" { "Schedule" }
            }
        }
    }
}

fn footer(reader: &Reader) -> Markup {
    html! {
        footer.bottom {
            p #fresh { "This page is from " (words::instant(reader.now)) "." }
            @if reader.name.is_some() { p { a href="/api/openapi.json" { "API" } " · every act is in the " a href="/audit" { "audit" } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::*;

    fn shown(reader: &Reader) -> String {
        document(reader, &Page::new("Overview", html! { h1 { "x" } })).into_string()
    }

    #[test]
    fn every_page_says_who_is_signed_in_as_what_and_where_one_is() {
        let html = shown(&Reader { path: "/dead-letters/7".into(), ..Reader::viewer() });
        assert!(html.contains("<bdi>ann</bdi></strong>, viewer"), "{html}");
        assert!(html.contains(r#"<a href="/dead-letters" aria-current="true">"#), "{html}");
        assert_eq!(html.matches("aria-current").count(), 1);
        let nobody = shown(&Reader { name: None, ..Reader::operator() });
        assert!(!nobody.contains("Sign out") && !nobody.contains("<nav"), "{nobody}");
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_on_every_page() {
        let pause = PauseState {
            paused: true,
            since: Timestamp::from_millis(0),
            until: Timestamp::from_millis(1_769_860_860_000),
            rate: None,
            by: "<b>ben".into(),
            waiting: 1_234,
            falling_due: 5,
        };
        let reader = Reader { read_only: true, pause: Some(pause), ..Reader::operator() };
        let html = shown(&reader);
        for part in ["Read-only", "paused", "&lt;b&gt;ben", "in 1 min 0 s", "1,234 timers wait"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!reader.may_act());
    }
}
