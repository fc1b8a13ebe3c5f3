//! Every service behind one gateway, no matter who runs the servers.

use common::Service;
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use futures_util::future::join_all;
use stripe_stand_in::StandIn;

use super::Running;
use crate::{Gateway, Route};
use testkit::ServiceProcess;

/// Every service, behind the gateway. Dropped, they are gone.
#[derive(Debug)]
pub struct Fleet {
    // Fields are dropped in this order.
    pub(super) gateway: Gateway,
    pub(super) services: BTreeMap<Service, Vec<ServiceProcess>>,
    pub(super) stripe: Arc<StandIn>,
}

impl Fleet {
    /// `http://127.0.0.1:<port>`, the one address of every API.
    pub fn url(&self) -> String {
        self.gateway.url()
    }

    /// The proxy in front of the services.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The stand-in for Stripe, which takes the money.
    pub fn stripe(&self) -> &StandIn {
        &self.stripe
    }

    /// `http://127.0.0.1:<port>` of `console`, which is not behind the gateway; none where it was left out. See
    /// [`crate::OPERATOR_TOKEN`] and [`crate::VIEWER_TOKEN`].
    pub fn console_url(&self) -> Option<String> {
        self.services(Service::Console).first().map(ServiceProcess::http_url)
    }

    /// The processes of a service, in order: `orders-1`, `orders-2` ...
    pub fn services(&self, name: Service) -> &[ServiceProcess] {
        self.services.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The processes of all services.
    pub fn all_services(&self) -> impl Iterator<Item = &ServiceProcess> {
        self.services.values().flatten()
    }

    /// Every process.
    pub fn running(&self) -> Vec<Running> {
        let running = |service: &ServiceProcess| Running {
            name: service.name().to_owned(),
            url: service.http_url(),
            pid: service.pid(),
        };
        self.all_services().map(running).collect()
    }

    /// Every service is still there.
    ///
    /// # Errors
    /// The name of one that has ended.
    pub fn check_running(&self) -> Result<()> {
        for service in self.all_services() {
            ensure!(service.is_running(), "{} has ended by itself", service.name());
        }
        Ok(())
    }

    /// Ends it: the gateway takes no more requests, and every service drains after SIGTERM.
    ///
    /// # Errors
    /// The services that did not exit with 0 within `limit`, which are killed.
    pub async fn drain(self, limit: Duration) -> Result<()> {
        // The stand-in outlives the services, which may still have to ask it.
        let Self { gateway, services, stripe: _stripe } = self;
        drop(gateway);
        let services: Vec<ServiceProcess> = services.into_values().flatten().collect();
        let ended = join_all(services.iter().filter(|service| service.is_running()).map(async |service| {
            service.terminate()?;
            let status = service.wait_exit(limit).await?;
            ensure!(status.success(), "{} has ended with {status}", service.name());
            Ok(())
        }));
        let failed: Vec<String> =
            ended.await.into_iter().filter_map(Result::err).map(|e| format!("{e:#}")).collect();
        drop(services);
        if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
    }
}

/// What the gateway has to know: the APIs before the shop, which has everything else. Where there is no shop, what is nobody's
/// is not there.
pub(super) fn routes(services: &BTreeMap<Service, Vec<ServiceProcess>>) -> Vec<Route> {
    let route = |(name, replicas): (&Service, &Vec<ServiceProcess>)| {
        if *name == Service::Client && replicas.is_empty() {
            return None;
        }
        let address = |service: &ServiceProcess| SocketAddr::from((Ipv4Addr::LOCALHOST, service.port()));
        Some(Route {
            prefix: name.prefix()?,
            service: name.as_str(),
            replicas: replicas.iter().map(address).collect(),
        })
    };
    services.iter().filter_map(route).collect()
}
