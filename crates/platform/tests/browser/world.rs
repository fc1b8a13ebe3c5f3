//! The platform and a browser.

use std::time::Duration;

use common::Service;
use platform::{Platform, PlatformBuilder};
use testkit::browser::Browser;

use crate::customer::Customer;

/// Nobody is late.
pub(crate) const LONG: Duration = Duration::from_secs(300);

/// One process of each service behind the gateway, and a browser for everybody.
pub(crate) struct World {
    pub(crate) platform: Platform,
    pub(crate) browser: Browser,
}

impl World {
    /// With so much time to pay.
    pub(crate) async fn start(window: Duration) -> Self {
        Self::of(Platform::builder().window(window)).await
    }

    /// With what else is set.
    pub(crate) async fn of(builder: PlatformBuilder) -> Self {
        // People here try passwords and change titles faster than people do.
        let platform = builder.env("MAX_EDITS_PER_MINUTE", "0");
        let (platform, browser) = tokio::join!(platform.start(), Browser::start());
        Self { platform: platform.unwrap(), browser: browser.unwrap() }
    }

    /// Somebody who has never been here, with an empty tab.
    pub(crate) async fn customer(&self) -> Customer {
        Customer::new(&self.browser, self.platform.url(), true).await
    }

    /// The same without JavaScript.
    pub(crate) async fn customer_without_javascript(&self) -> Customer {
        Customer::new(&self.browser, self.platform.url(), false).await
    }

    /// Somebody who is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Customer {
        let customer = self.customer().await;
        customer.sign_up(name).await;
        customer
    }

    /// Ends the one process of a service as a power cut would.
    pub(crate) async fn kill(&self, service: Service) {
        self.platform.services(service)[0].kill().await.unwrap();
    }

    /// Starts it again, and waits until it answers.
    pub(crate) async fn restart(&self, service: Service) {
        let process = &self.platform.services(service)[0];
        process.restart().await.unwrap();
        process.ready(Duration::from_secs(60)).await.unwrap();
    }
}
