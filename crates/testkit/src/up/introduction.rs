//! What runs and where, and what a person can do with it.

use serde_json::json;

use crate::{Platform, Running, ServiceName, terminal};

/// Says it on stdout: text, or one line of JSON.
pub(super) fn tell(platform: &Platform, json: bool, colour: bool) {
    let running = platform.running();
    let databases: Vec<_> = ServiceName::ALL
        .into_iter()
        .filter_map(|name| Some((format!("{name} data"), platform.database_url(name)?.to_owned())))
        .collect();
    let example = example(&platform.url());
    if json {
        let processes: Vec<_> = running
            .iter()
            .map(|Running { name, url, pid }| json!({ "name": name, "url": url, "pid": pid }))
            .collect();
        let databases: serde_json::Map<_, _> =
            databases.into_iter().map(|(name, url)| (name, json!(url))).collect();
        let line = json!({
            "event": "up", "url": platform.url(), "processes": processes, "databases": databases, "example": example,
        });
        return terminal::write(&line.to_string());
    }
    let row = |name: &str, text: &str| terminal::write(&format!("  {name:<15} {text}"));
    terminal::write(&terminal::paint(&format!("everything is up at {}", platform.url()), "1;32", colour));
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
