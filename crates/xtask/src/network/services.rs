//! Who comes to the services, and whom they ask.

use common::Service;
use serde_json::Value;

use super::{
    HTTP,
    policies::{named, one_of, policy, tcp},
};

/// Whom the shop asks in its visitors' names: the services with an API.
const ASKED_BY_THE_SHOP: [Service; 4] = [Service::Auth, Service::Tickets, Service::Orders, Service::Payments];
/// Whom `console` asks how they are, and what else it needs to know.
const ASKED_BY_CONSOLE: [Service; 6] = [
    Service::Auth,
    Service::Tickets,
    Service::Orders,
    Service::Expiration,
    Service::Payments,
    Service::Client,
];
/// The proxy that knows the operators, where it is used, and what it listens on.
const OPERATORS_PROXY: &str = "oauth2-proxy";
const OPERATORS_PROXY_HTTP: u64 = 4180;
/// Who speaks to the payment provider, which is somewhere on the internet.
const PROVIDERS_CLIENT: Service = Service::Payments;
const HTTPS: u64 = 443;
/// What is not on the internet: this machine, its neighbours, and the networks that clusters and their nodes are made of.
/// Source: the IANA registries of special-purpose addresses, <https://www.iana.org/assignments/iana-ipv4-special-registry>.
const NOT_PUBLIC: [(&str, &[&str]); 2] = [
    (
        "0.0.0.0/0",
        &[
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/3",
        ],
    ),
    ("::/0", &["::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "ff00::/8"]),
];

/// The pods that people come through: those of Envoy Gateway in production, of ingress-nginx on a laptop.
const CONTROLLERS: [(&str, &str, &str); 2] =
    [("envoy-gateway-system", "envoy", "proxy"), ("ingress-nginx", "ingress-nginx", "controller")];

fn controllers() -> Vec<Value> {
    let pods = CONTROLLERS.map(|(namespace, name, component)| {
        serde_json::json!({
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "podSelector": { "matchLabels": {
                "app.kubernetes.io/name": name, "app.kubernetes.io/component": component,
            } },
        })
    });
    pods.to_vec()
}

/// From pods of this name to what a service listens on.
fn comes(from: &str) -> Value {
    serde_json::json!({ "from": [{ "podSelector": named(from) }], "ports": tcp(HTTP) })
}

/// People come through a controller, and only to services that answer them; the shop and `console` come to those that they
/// ask. To `console` itself comes nobody: a forwarded port leads into its pod.
pub(super) fn services() -> Vec<Value> {
    let rule = serde_json::json!({ "from": controllers(), "ports": tcp(HTTP) });
    let of = |service: Service| {
        let mut rules: Vec<Value> = service.prefix().map(|_| rule.clone()).into_iter().collect();
        rules.extend(ASKED_BY_THE_SHOP.contains(&service).then(|| comes(Service::Client.as_str())));
        rules.extend(ASKED_BY_CONSOLE.contains(&service).then(|| comes(Service::Console.as_str())));
        policy(service.as_str(), Some(service.as_str()), &named(service.as_str()), &[("Ingress", &rules)])
    };
    Service::OURS.map(of).to_vec()
}

/// Where the services go that ask somebody.
pub(super) fn asking() -> Vec<Value> {
    vec![
        asked_by("asked-by-the-shop", Service::Client, &ASKED_BY_THE_SHOP),
        asked_by("asked-by-console", Service::Console, &ASKED_BY_CONSOLE),
        provider(),
    ]
}

/// One service asks these, and nothing else but the broker.
fn asked_by(name: &str, asking: Service, asked: &[Service]) -> Value {
    let services = one_of(&asked.iter().map(|service| service.as_str()).collect::<Vec<_>>());
    let asking = asking.as_str();
    policy(name, Some(asking), &named(asking), &[("Egress", &[goes(&services)])])
}

/// To what these pods listen on.
fn goes(to: &Value) -> Value {
    serde_json::json!({ "to": [{ "podSelector": to }], "ports": tcp(HTTP) })
}

/// Anywhere on the internet, by HTTPS: a policy knows no names, and addresses change.
fn internet() -> Value {
    let places =
        NOT_PUBLIC.map(|(cidr, except)| serde_json::json!({ "ipBlock": { "cidr": cidr, "except": except } }));
    serde_json::json!({ "to": places, "ports": tcp(HTTPS) })
}

/// The payment provider is reached wherever it is.
fn provider() -> Value {
    let client = PROVIDERS_CLIENT.as_str();
    policy("payment-provider-clients", Some(client), &named(client), &[("Egress", &[internet()])])
}

/// Operators come through a controller to the proxy, which sends them to their identity provider, and on to `console`.
pub(super) fn operators_proxy() -> Vec<Value> {
    let (proxy, console) = (OPERATORS_PROXY, Service::Console.as_str());
    let people = serde_json::json!({ "from": controllers(), "ports": tcp(OPERATORS_PROXY_HTTP) });
    let there = [goes(&named(console)), internet()];
    vec![
        policy(proxy, Some(proxy), &named(proxy), &[("Ingress", &[people]), ("Egress", &there)]),
        policy("console-proxy", Some(proxy), &named(console), &[("Ingress", &[comes(proxy)])]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_reach_the_shop_and_the_apis_the_shop_reaches_the_apis_and_console_reaches_all_and_nobody_it() {
        for (service, policy) in Service::OURS.into_iter().zip(services()) {
            let rules = policy["spec"]["ingress"].as_array().map_or(0, Vec::len);
            let expected = match service {
                Service::Console => 0,
                Service::Expiration => 1,
                Service::Client => 2,
                _ => 3,
            };
            assert_eq!(rules, expected, "{service}");
        }
        let asked = |policy: &Value| {
            policy["spec"]["egress"][0]["to"][0]["podSelector"]["matchExpressions"][0]["values"].clone()
        };
        let [shop, console, _] = &asking()[..] else { panic!("not three") };
        assert_eq!(asked(shop), serde_json::json!(["auth", "tickets", "orders", "payments"]));
        let all = serde_json::json!(["auth", "tickets", "orders", "expiration", "payments", "client"]);
        assert_eq!(asked(console), all);
    }

    #[test]
    fn only_payments_and_the_operators_proxy_reach_the_internet_and_by_https_alone() {
        let on_the_internet = |policy: &&Value| policy["spec"].to_string().contains("0.0.0.0/0");
        let policies = super::super::all();
        let [policy, proxy] = &policies.iter().filter(on_the_internet).collect::<Vec<_>>()[..] else {
            panic!("not two")
        };
        assert_eq!(proxy["spec"]["podSelector"], named(OPERATORS_PROXY));
        assert_eq!(proxy["spec"]["egress"][1], policy["spec"]["egress"][0]);
        assert_eq!(policy["spec"]["podSelector"], named("payments"));
        assert_eq!(policy["spec"]["policyTypes"], serde_json::json!(["Egress"]));
        let rule = &policy["spec"]["egress"][0];
        assert_eq!(rule["ports"], tcp(443));
        // Neither another pod, nor the node's metadata, nor a machine beside it.
        let except = rule["to"][0]["ipBlock"]["except"].to_string();
        for network in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"] {
            assert!(except.contains(network), "{network}: {except}");
        }
        assert!(rule["to"][1]["ipBlock"]["except"].to_string().contains("fc00::/7"));
    }
}
