//! The routes of the pages.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header::CACHE_CONTROL},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};

use super::{assets, show, visit::Pages};
use crate::app::App;

/// Every page. What is around each request, its name and its time, is put around the whole by the caller.
pub(crate) fn router(app: App) -> Router {
    let pages = Pages::new(app);
    Router::new()
        .route("/", get(show::overview::show))
        .route("/signin", get(show::sign_in::show).post(show::sign_in::sign_in))
        .route("/signout", post(show::sign_in::sign_out))
        .route("/orders", get(show::order::find))
        .route("/orders/{id}", get(show::order::show))
        .route("/orders/{id}/fire", post(show::order::fire))
        .route("/orders/{id}/move", post(show::order::postpone))
        .route("/orders/{id}/cancel", post(show::order::cancel))
        .route("/schedule", get(show::schedule::show))
        .route("/schedule/plan", post(show::schedule::plan))
        .route("/schedule/pause", post(show::schedule::pause))
        .route("/schedule/resume", post(show::schedule::resume))
        .route("/schedule/rebuild", post(show::schedule::rebuild))
        .route("/dead-letters", get(show::dead_letters::groups))
        .route("/dead-letters/list", get(show::dead_letters::list))
        .route("/dead-letters/plan", post(show::dead_letters::plan))
        .route("/dead-letters/{sequence}", get(show::dead_letter::show))
        .route("/dead-letters/{sequence}/replay", post(show::dead_letter::replay))
        .route("/dead-letters/{sequence}/edit", post(show::dead_letter::edit))
        .route("/dead-letters/{sequence}/discard", post(show::dead_letter::discard))
        .route("/operations", get(show::operations::list))
        .route("/operations/{id}", get(show::operations::show))
        .route("/operations/{id}/confirm", post(show::operations::confirm))
        .route("/operations/{id}/abort", post(show::operations::abort))
        .route("/payments", get(show::payments::show))
        .route("/payments/{id}/settle", post(show::payments::settle))
        .route("/consumers", get(show::consumers::show))
        .route("/consumers/retell", post(show::consumers::retell))
        .route("/audit", get(show::audit::show))
        .route("/static/{file}", get(assets::file))
        .route("/favicon.svg", get(page_kit::icon))
        .fallback(show::nowhere)
        .method_not_allowed_fallback(show::nowhere)
        .layer(middleware::from_fn_with_state(pages.clone(), headers))
        .with_state(pages)
}

async fn headers(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    pages.security.put_on(headers);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
