//! The routes of the shop.

use axum::{
    Router, middleware,
    routing::{get, post},
};
use http_common::read_on;
use tower_http::{CompressionLevel, compression::CompressionLayer, normalize_path::NormalizePath};

use crate::{assets, pages, request_layer::request_layer, shop::Shop};

/// Every page, and beside them the streams of `live`. A slash behind a path changes nothing.
pub fn router(shop: Shop, live: Router) -> Router {
    let pages = Router::new()
        .route("/", get(pages::tickets::show))
        .route("/auth/signup", get(pages::credentials::show_sign_up).post(pages::credentials::sign_up))
        .route("/auth/signin", get(pages::credentials::show_sign_in).post(pages::credentials::sign_in))
        .route("/auth/signout", get(pages::sign_out::show).post(pages::sign_out::sign_out))
        .route("/tickets/new", get(pages::draft::show_new).post(pages::draft::sell))
        .route("/tickets/{id}", get(pages::ticket::show).post(pages::ticket::buy))
        .route("/tickets/{id}/edit", get(pages::draft::show_edit).post(pages::draft::edit))
        .route("/sales", get(pages::sales::show))
        .route("/orders", get(pages::orders::show))
        .route("/orders/{id}", get(pages::order::show))
        // Where a visitor lands who signs in on the way to pay.
        .route("/orders/{id}/pay", post(pages::order::pay).get(pages::order::back))
        .route("/orders/{id}/cancel", post(pages::order::cancel).get(pages::order::back))
        .route("/static/{file}", get(assets::file))
        .route("/favicon.svg", get(page_kit::icon))
        .route("/robots.txt", get(assets::robots))
        .fallback(pages::notices::no_page)
        .method_not_allowed_fallback(pages::notices::no_page)
        .layer(middleware::from_fn_with_state(shop.clone(), pages::notices::refuse_cross_site))
        .with_state(shop.clone())
        // For a page made anew each time, brotli costs several times the processor and saves a tenth: only files have it.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(5)));
    let routes = pages
        .merge(live)
        .layer(middleware::from_fn_with_state(shop.security, request_layer))
        .layer(middleware::from_fn(read_on));
    // Around the router, because it is a route's path that has no slash.
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(routes))
}
