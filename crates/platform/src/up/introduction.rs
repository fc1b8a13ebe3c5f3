//! What runs and where, and what a person can do with it.

use common::Service;
use serde_json::json;

use crate::{Fleet, Platform, Running, Stores};
use testkit::terminal;

/// What there is to be told.
pub(super) struct Introduction {
    url: String,
    running: Vec<Running>,
    databases: Vec<(String, String)>,
}

impl Introduction {
    /// Of a platform with servers of its own.
    pub(super) fn of_platform(platform: &Platform) -> Self {
        let databases = databases(|name| platform.database_url(name));
        Self { url: platform.url(), running: platform.running(), databases }
    }

    /// Of services on somebody else's servers.
    pub(super) fn of_fleet(fleet: &Fleet, stores: &Stores) -> Self {
        let databases = databases(|name| stores.database_url(name));
        Self { url: fleet.url(), running: fleet.running(), databases }
    }
}

fn databases<'a>(url: impl Fn(Service) -> Option<&'a str>) -> Vec<(String, String)> {
    let of = |name| Some((format!("{name} data"), url(name)?.to_owned()));
    Service::OURS.into_iter().filter_map(of).collect()
}

/// Says it on stdout: text, or one line of JSON.
pub(super) fn tell(introduction: Introduction, json: bool, colour: bool) {
    let Introduction { url, running, databases } = introduction;
    let example = example(&url);
    if json {
        let processes: Vec<_> = running
            .iter()
            .map(|Running { name, url, pid }| json!({ "name": name, "url": url, "pid": pid }))
            .collect();
        let databases: serde_json::Map<_, _> =
            databases.into_iter().map(|(name, url)| (name, json!(url))).collect();
        let line = json!({
            "event": "up", "url": url, "processes": processes, "databases": databases, "example": example,
        });
        return terminal::write(&line.to_string());
    }
    let row = |name: &str, text: &str| terminal::write(&format!("  {name:<15} {text}"));
    terminal::write(&terminal::paint(&format!("everything is up at {url}"), "1;32", colour));
    for Running { name, url, pid } in running {
        row(&name, &format!("{url}  process {pid}"));
    }
    for (name, url) in databases {
        row(&name, &url);
    }
    terminal::write(&terminal::paint("\nsign up, put a ticket up for sale and order it:\n", "1", colour));
    terminal::write(&example);
    terminal::write(&terminal::paint("\nthe logs, until Ctrl-C:\n", "1", colour));
}

/// Lines for a shell: one person signs up, sells a ticket and orders it.
fn example(url: &str) -> String {
    // A ticket is known to `orders` some milliseconds after `tickets` has answered.
    format!(
        r#"URL={url}
JAR=$(mktemp)
JSON='Content-Type: application/json'
curl -sS -c "$JAR" -H "$JSON" -d '{{"email":"'$$'@example.com","password":"a-password"}}' $URL/api/users/signup; echo
TICKET=$(curl -sS -b "$JAR" -H "$JSON" -d '{{"title":"Concert","price":20}}' $URL/api/tickets | sed 's/.*"id":"\([^"]*\)".*/\1/')
sleep 1
curl -sS -b "$JAR" -H "$JSON" -d '{{"ticketId":"'$TICKET'"}}' $URL/api/orders; echo"#
    )
}
