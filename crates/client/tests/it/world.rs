//! The services that all tests share, and a shop in front of them.

use std::{net::SocketAddr, sync::OnceLock};

use client::{
    api::Apis,
    config::{ApiUrls, ShopSettings},
    http::router,
    live::Live,
    shop::Shop,
};
use common::Service;
use http_common::BaseUrl;
use platform::Platform;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::visitor::Visitor;

const FORM_KEY: &str = "of these tests alone, and it guards nothing";

/// The services, on a runtime of their own: what runs in this process outlives the test that came first.
async fn services() -> &'static Platform {
    static SERVICES: OnceLock<(Runtime, Platform)> = OnceLock::new();
    let start = || {
        let runtime = Runtime::new().unwrap();
        // The shop is the one in this process, and nothing expires in these tests.
        let none = Platform::builder().replicas(Service::Client, 0).replicas(Service::Expiration, 0);
        let services = runtime.block_on(none.start()).unwrap();
        (runtime, services)
    };
    &tokio::task::spawn_blocking(move || SERVICES.get_or_init(start)).await.unwrap().1
}

/// A shop on a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct World {
    url: String,
}

/// Where the shop finds the APIs, and how it is set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) urls: ApiUrls,
    pub(crate) shop: ShopSettings,
}

/// An address of this process's own settings.
pub(crate) fn url(text: &str) -> BaseUrl {
    BaseUrl::parse(text).unwrap()
}

impl Setup {
    /// In front of the real services.
    pub(crate) async fn real() -> Self {
        let services = services().await;
        let of = |service: Service| url(&services.services(service)[0].http_url());
        let urls = ApiUrls {
            auth: of(Service::Auth),
            tickets: of(Service::Tickets),
            orders: of(Service::Orders),
            payments: of(Service::Payments),
        };
        Self { urls, shop: settings(services.stripe().url()) }
    }

    /// In front of one server that plays all services.
    pub(crate) fn of(base: &str) -> Self {
        let all = url(base);
        let urls = ApiUrls { auth: all.clone(), tickets: all.clone(), orders: all.clone(), payments: all };
        Self { urls, shop: settings("https://checkout.stripe.com") }
    }

    /// The shop of it.
    pub(crate) async fn open(self) -> World {
        let apis = Apis::new(&self.urls).unwrap();
        let live = Live::new(apis.clone(), 10).router();
        let pages = router(Shop::new(apis, self.shop), live);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = pages.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        World { url }
    }
}

fn settings(payment_page: &str) -> ShopSettings {
    ShopSettings {
        public_url: url("http://127.0.0.1:1"),
        form_key: FORM_KEY.into(),
        cookie_secure: false,
        currency: "usd".parse().unwrap(),
        payment_page: url(payment_page),
    }
}

impl World {
    /// A shop in front of the real services.
    pub(crate) async fn new() -> Self {
        Setup::real().await.open().await
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Somebody with a browser that has never been here.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(&self.url)
    }

    /// Somebody who has just signed up.
    pub(crate) async fn member(&self) -> Visitor {
        let mut visitor = self.visitor();
        visitor.sign_up().await;
        visitor
    }
}
