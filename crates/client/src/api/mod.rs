//! The public APIs of the other services, called in the name of a visitor.

mod bodies;
mod calls;
mod failure;
mod transport;

pub use bodies::{BegunPayment, Order, OrderMoney, OrderTicket, Payment, PaymentState, Ticket, User};
pub use calls::{Cookies, Credentials, Listed, TicketDraft};
pub use failure::Failure;

use std::sync::Arc;

use common::Service;

use http_common::BaseUrl;

use crate::config::ApiUrls;
use transport::Transport;

/// The public APIs. Cheap to clone: all of it shares one pool of connections.
#[derive(Clone, Debug)]
pub struct Apis {
    transport: Transport,
    urls: Arc<ApiUrls>,
}

impl Apis {
    /// The APIs at these addresses. Nothing is connected yet.
    ///
    /// # Errors
    /// When one is reached by TLS, and the certificates that the system trusts can't be read.
    pub fn new(urls: &ApiUrls) -> anyhow::Result<Self> {
        let all = [&urls.auth, &urls.tickets, &urls.orders, &urls.payments];
        let transport = Transport::new(all.into_iter().any(BaseUrl::is_https))?;
        Ok(Self { transport, urls: Arc::new(urls.clone()) })
    }

    /// Where a service with an API is.
    fn url(&self, service: Service) -> &BaseUrl {
        match service {
            Service::Tickets => &self.urls.tickets,
            Service::Orders => &self.urls.orders,
            Service::Payments => &self.urls.payments,
            _ => &self.urls.auth,
        }
    }
}
