//! The browser kit on pages of its own: what it says of them is so.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use testkit::browser::{Answer, Browser, Complaint, Key, Page, Scheme, Visitor};

const SOON: Duration = Duration::from_secs(10);

const STRICT: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'";

const FORM: &str = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Form</title>\
    <main><h1>A form</h1><form method=post action=/posted><label for=a>Name</label> <input id=a name=name value=old>\
    <button>Send</button></form><p id=script>without</p><script src=/script.js></script></main>";

/// A page whose inline script is against its policy.
const INLINE: &str = "<!doctype html><title>Inline</title><script>alert('in')</script><p>there";

const DIALOG: &str = "<!doctype html><title>Dialog</title><script src=/dialog.js></script><p>after it";

/// A picture without words, and letters that can hardly be read.
const BAD: &str = "<!doctype html><html lang=en><title>Bad</title><main><h1>Bad</h1><img src=/none.png>\
    <p style='color:#ddd;background:#fff'>Hardly to be read</p></main>";

fn strict(html: &'static str) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, STRICT)], Html(html)).into_response()
}

fn script(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], text).into_response()
}

struct World {
    url: String,
    posts: Arc<AtomicU32>,
    browser: Browser,
}

impl World {
    async fn start() -> Self {
        let posts = Arc::<AtomicU32>::default();
        let counted = posts.clone();
        let posted = async move |body: String| {
            counted.fetch_add(1, Ordering::SeqCst);
            Html(format!("<!doctype html><title>Posted</title><p>You wrote {body}"))
        };
        let who = async |headers: HeaderMap| {
            let cookie = headers.get("cookie").map_or("", |cookie| cookie.to_str().unwrap());
            Html(format!("<!doctype html><p>cookies: [{cookie}]"))
        };
        let pages = Router::new()
            .route("/", get(async || strict(FORM)))
            .route("/posted", post(posted))
            .route(
                "/script.js",
                get(async || script("document.getElementById('script').textContent = 'with'")),
            )
            .route("/inline", get(async || strict(INLINE)))
            .route("/dialog", get(async || Html(DIALOG)))
            .route("/dialog.js", get(async || script("alert('a title')")))
            .route("/favicon.ico", get(async || ""))
            .route("/bad", get(async || Html(BAD)))
            .route("/enter", get(async || ([(header::SET_COOKIE, "who=ada; path=/")], Redirect::to("/who"))))
            .route("/who", get(who))
            .fallback(async || (StatusCode::NOT_FOUND, Html("<p>Nothing here")));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, pages).await });
        Self { url, posts, browser: Browser::start().await.unwrap() }
    }

    async fn page(&self, path: &str) -> (Visitor, Page) {
        let visitor = self.browser.visitor().await.unwrap();
        let page = visitor.page().await.unwrap();
        page.open(&format!("{}{path}", self.url)).await.unwrap();
        (visitor, page)
    }
}

#[tokio::test]
async fn a_form_is_filled_sent_reloaded_and_left_again() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    page.fill("#a", "Ada <Lovelace>").await.unwrap();
    page.go("button").await.unwrap();
    page.sees("You wrote name=Ada+%3CLovelace%3E").await.unwrap();
    assert_eq!(world.posts.load(Ordering::SeqCst), 1);
    page.reload().await.unwrap();
    assert_eq!(world.posts.load(Ordering::SeqCst), 2, "a POST that is reloaded is posted again");
    page.back().await.unwrap();
    assert_eq!(page.property("h1", "tagName").await.unwrap(), "H1");
    page.forward().await.unwrap();
    assert_eq!(page.url().await.unwrap(), format!("{}/posted", world.url));
    assert_eq!(page.complaints(), []);
}

#[tokio::test]
async fn keys_alone_fill_the_form_and_are_counted() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    page.tab_to("#a", 3).await.unwrap();
    page.write(" Grace").await.unwrap();
    page.follow(async || page.press(Key::Enter).await).await.unwrap();
    page.sees("name=+Grace").await.unwrap();
    // Tab, a space and five letters, Enter.
    assert_eq!(page.keys(), 8);
    assert!(page.tab_to("#not-there", 2).await.is_err());
}

#[tokio::test]
async fn without_javascript_no_script_runs_and_the_page_can_still_be_asked_and_used() {
    let world = World::start().await;
    let visitor = world.browser.visitor().await.unwrap();
    let page = visitor.page().await.unwrap();
    page.open(&world.url).await.unwrap();
    assert_eq!(page.text("#script").await.unwrap(), "with");
    page.javascript(false).await.unwrap();
    page.reload().await.unwrap();
    assert_eq!(page.text("#script").await.unwrap(), "without");
    page.fill("#a", "nobody").await.unwrap();
    page.go("button").await.unwrap();
    page.sees("You wrote name=nobody").await.unwrap();
}

#[tokio::test]
async fn what_is_against_the_policy_and_every_dialog_is_heard_of() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/inline").await;
    page.until("true").await.unwrap();
    let complaints = testkit::eventually("the browser complains", SOON, async || {
        let complaints = page.complaints();
        if complaints.is_empty() { Err(String::from("it does not")) } else { Ok(complaints) }
    })
    .await;
    assert!(matches!(&complaints[..], [Complaint::Policy(_)]), "{complaints:?}");
    page.forget();
    page.open(&format!("{}/dialog", world.url)).await.unwrap();
    page.sees("after it").await.unwrap();
    assert_eq!(page.complaints(), [Complaint::Dialog(String::from("a title"))]);
}

#[tokio::test]
async fn visitors_share_no_cookie_and_can_lose_theirs() {
    let world = World::start().await;
    let (ada, page) = world.page("/enter").await;
    assert_eq!(page.text("p").await.unwrap(), "cookies: [who=ada]");
    let second_tab = ada.page().await.unwrap();
    second_tab.open(&format!("{}/who", world.url)).await.unwrap();
    assert_eq!(second_tab.text("p").await.unwrap(), "cookies: [who=ada]");
    let (_bob, other) = world.page("/who").await;
    assert_eq!(other.text("p").await.unwrap(), "cookies: []");
    ada.forget_cookies().await.unwrap();
    page.reload().await.unwrap();
    assert_eq!(page.text("p").await.unwrap(), "cookies: []");
}

#[tokio::test]
async fn answers_are_counted_with_their_header_lines() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    let answers = page.all_answers().await.unwrap();
    let kinds = answers.iter().map(|answer| (answer.kind.as_str(), answer.status));
    // A browser with windows also asks for an icon.
    let kinds: Vec<_> = kinds.filter(|(kind, _)| *kind != "Other").collect();
    assert_eq!(kinds, [("Document", 200), ("Script", 200)]);
    let document = answers[0].bytes;
    let least = u64::try_from(FORM.len()).unwrap();
    assert!(document > least && document < least + 500, "{document} for {least}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_too_and_a_page_that_is_an_error_is_no_missing_part() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/enter").await;
    let kinds = |answers: &[Answer]| answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
    assert_eq!(kinds(&page.all_answers().await.unwrap()), [303, 200]);
    page.open(&format!("{}/nowhere", world.url)).await.unwrap();
    assert_eq!(kinds(&page.all_answers().await.unwrap()), [303, 200, 404]);
    assert_eq!(page.complaints(), []);
    page.open(&format!("{}/bad", world.url)).await.unwrap();
    let missing = testkit::eventually("the picture is missed", SOON, async || match &page.complaints()[..] {
        [Complaint::Missing { url, .. }] => Ok(url.clone()),
        complaints => Err(format!("{complaints:?}")),
    });
    assert_eq!(missing.await, format!("{}/none.png", world.url));
}

#[tokio::test]
async fn axe_finds_what_is_wrong_and_nothing_on_a_good_page() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/bad").await;
    let rules: Vec<_> = page.axe().await.unwrap().into_iter().map(|finding| finding.rule).collect();
    assert!(
        rules.contains(&String::from("image-alt")) && rules.contains(&String::from("color-contrast")),
        "{rules:?}"
    );
    // Its policy lets no script in but the page's own.
    page.open(&world.url).await.unwrap();
    page.forget();
    assert_eq!(page.axe().await.unwrap(), []);
    assert_eq!(page.complaints(), []);
}

#[tokio::test]
async fn a_page_is_looked_at_in_every_size_and_colour() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    page.size(360, 640).await.unwrap();
    page.prefers(Scheme::Dark, true).await.unwrap();
    for query in ["(width: 360px)", "(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"] {
        page.until(&format!("matchMedia('{query}').matches")).await.unwrap();
    }
    assert_eq!(page.overflow().await.unwrap(), 0);
    let picture = page.picture(false).await.unwrap();
    // A PNG says its size in its first chunk.
    assert_eq!((&picture[1..4], &picture[16..24]), (&b"PNG"[..], &[0, 0, 1, 104, 0, 0, 2, 128][..]));
}

#[tokio::test]
async fn a_click_twice_posts_a_plain_form_at_most_twice_and_a_hidden_button_not_at_all() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    page.follow(async || page.double_click("button").await).await.unwrap();
    page.sees("You wrote name=old").await.unwrap();
    assert!((1..=2).contains(&world.posts.load(Ordering::SeqCst)));
    page.open(&world.url).await.unwrap();
    page.evaluate("document.querySelector('button').disabled = true").await.unwrap();
    let refused = tokio::time::timeout(Duration::from_secs(1), page.click("button")).await;
    assert!(refused.is_err(), "it waits for the button to be of use");
}

#[tokio::test]
async fn a_page_that_loads_itself_anew_under_a_look_is_looked_at_again() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    let once =
        "sessionStorage.seen ? 'anew' : (sessionStorage.seen = 1, location.reload(), new Promise(() => {}))";
    assert_eq!(page.read(once).await.unwrap(), "anew");
    let error = page.read("nowhere.at.all").await.unwrap_err();
    assert!(format!("{error:#}").contains("nowhere is not defined"), "{error:#}");
    page.evaluate("delete sessionStorage.seen").await.unwrap();
    let error = page.evaluate(once).await.unwrap_err();
    assert!(format!("{error:#}").contains("navigated"), "{error:#}");
}

#[tokio::test]
async fn a_browser_that_ended_is_said_to_have_ended() {
    let world = World::start().await;
    let (_visitor, page) = world.page("/").await;
    // The answer may or may not come before the end.
    let _ = page.call("Browser.crash", serde_json::json!({})).await;
    let error = page.evaluate("1").await.unwrap_err();
    assert!(format!("{error:#}").contains("ended"), "{error:#}");
}
