//! Where the other services are.

use std::sync::Arc;

use common::Service;
use http_common::BaseUrl;
use process::config::Environment;

/// Where the other services are: of each one or more addresses, whose names may stand for many processes.
#[derive(Clone, Debug)]
pub struct PeerUrls(Arc<[(Service, Vec<BaseUrl>)]>);

impl PeerUrls {
    /// The addresses of a service; none of one that is not asked.
    pub fn of(&self, service: Service) -> &[BaseUrl] {
        self.0.iter().find(|(known, _)| *known == service).map_or(&[], |(_, urls)| urls)
    }

    /// Those that are asked.
    pub fn services(&self) -> impl Iterator<Item = Service> {
        self.0.iter().map(|(service, _)| *service)
    }

    pub(super) fn read(env: &mut Environment) -> Option<Self> {
        let mut urls = |service, name, meaning, default| {
            env.or(name, meaning, default, parse).map(|urls| (service, urls))
        };
        let all = [
            urls(
                Service::Orders,
                "ORDERS_URL",
                "where `orders` is: one or more addresses, comma-separated; each name stands for all of its processes",
                "http://orders-pods:3000",
            ),
            urls(
                Service::Tickets,
                "TICKETS_URL",
                "where `tickets` is, as `ORDERS_URL`",
                "http://tickets-pods:3000",
            ),
            urls(
                Service::Payments,
                "PAYMENTS_URL",
                "where `payments` is, as `ORDERS_URL`",
                "http://payments-pods:3000",
            ),
            urls(
                Service::Expiration,
                "EXPIRATION_URL",
                "where `expiration` is, as `ORDERS_URL`",
                "http://expiration-pods:3000",
            ),
            urls(Service::Auth, "AUTH_URL", "where `auth` is, as `ORDERS_URL`", "http://auth-pods:3000"),
            urls(
                Service::Client,
                "CLIENT_URL",
                "where `client` is, as `ORDERS_URL`",
                "http://client-pods:3000",
            ),
        ];
        all.into_iter().collect::<Option<Vec<_>>>().map(|all| Self(all.into()))
    }
}

fn parse(text: &str) -> Result<Vec<BaseUrl>, String> {
    let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
    let urls: Vec<_> = pieces.map(BaseUrl::parse).collect::<Result<_, _>>()?;
    if urls.is_empty() {
        Err("holds no address; expected one such as http://orders-pods:3000".into())
    } else {
        Ok(urls)
    }
}
