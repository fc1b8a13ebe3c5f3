//! What `console` and those that answer it are told of each other. It is not behind the gateway.

use std::collections::BTreeMap;

use common::Service;
use testkit::ServiceProcess;

use super::stores::Variable;

/// The services' `INTERNAL_TOKEN`, with which a test can ask what `console` asks. It guards nothing.
pub const INTERNAL_TOKEN: &str = "internal-token-of-this-machine-alone";

/// The token of `console`'s operator `operator`, who may act. It guards nothing.
pub const OPERATOR_TOKEN: &str = "operator-token-of-this-machine-alone";

/// The token of `console`'s viewer `viewer`, who may only look. It guards nothing.
pub const VIEWER_TOKEN: &str = "viewer-token-of-this-machine-alone";

/// Whom `console` asks, and by which variable it is told where they are.
const ASKED: [(&str, Service); 6] = [
    ("AUTH_URL", Service::Auth),
    ("TICKETS_URL", Service::Tickets),
    ("ORDERS_URL", Service::Orders),
    ("EXPIRATION_URL", Service::Expiration),
    ("PAYMENTS_URL", Service::Payments),
    ("CLIENT_URL", Service::Client),
];

/// Nobody listens there, so a service that was left out is missed at once.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Whether a service answers `console` under `/internal`, or is `console`.
fn has_internal_token(name: Service) -> bool {
    name.is_on_the_broker() || name == Service::Console
}

/// What a service is told because of `console`, and `console` of all that were started before it.
pub(super) fn variables(name: Service, started: &BTreeMap<Service, Vec<ServiceProcess>>) -> Vec<Variable> {
    let mut variables = Vec::new();
    if has_internal_token(name) {
        variables.push(("INTERNAL_TOKEN", INTERNAL_TOKEN.to_owned()));
    }
    if name == Service::Console {
        // Plain HTTP is spoken here.
        variables.push(("COOKIE_SECURE", "false".to_owned()));
        variables.push(("OPERATOR_TOKENS", format!("operator:{OPERATOR_TOKEN}")));
        variables.push(("VIEWER_TOKENS", format!("viewer:{VIEWER_TOKEN}")));
        variables.extend(ASKED.map(|(variable, other)| (variable, urls(started.get(&other)))));
    }
    variables
}

/// Of every process.
fn urls(processes: Option<&Vec<ServiceProcess>>) -> String {
    let urls: Vec<String> = processes.into_iter().flatten().map(ServiceProcess::http_url).collect();
    if urls.is_empty() { NOWHERE.to_owned() } else { urls.join(",") }
}
