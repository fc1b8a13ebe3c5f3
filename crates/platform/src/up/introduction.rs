//! What runs and where, and what a person can do with it.

use common::Service;
use serde_json::json;

use crate::{Fleet, OPERATOR_TOKEN, Platform, Running, Stores, VIEWER_TOKEN};
use testkit::terminal;

/// Cards of Stripe's test mode that its stand-in knows, with what each does.
/// Source: <https://docs.stripe.com/testing>.
const CARDS: [(&str, &str); 4] = [
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has not enough money"),
    ("4000 0025 0000 3155", "asks its owner first"),
];

/// What there is to be told.
pub(super) struct Introduction {
    url: String,
    /// None where it was left out.
    console: Option<String>,
    stripe: String,
    running: Vec<Running>,
    databases: Vec<(String, String)>,
}

impl Introduction {
    /// Of a platform with servers of its own.
    pub(super) fn of_platform(platform: &Platform) -> Self {
        let databases = databases(|name| platform.database_url(name));
        let stripe = platform.stripe().url().to_owned();
        let (url, console) = (platform.url(), platform.console_url());
        Self { url, console, stripe, running: platform.running(), databases }
    }

    /// Of services on somebody else's servers.
    pub(super) fn of_fleet(fleet: &Fleet, stores: &Stores) -> Self {
        let databases = databases(|name| stores.database_url(name));
        let stripe = fleet.stripe().url().to_owned();
        let (url, console) = (fleet.url(), fleet.console_url());
        Self { url, console, stripe, running: fleet.running(), databases }
    }
}

fn databases<'a>(url: impl Fn(Service) -> Option<&'a str>) -> Vec<(String, String)> {
    let of = |name| Some((format!("{name} data"), url(name)?.to_owned()));
    Service::OURS.into_iter().filter_map(of).collect()
}

/// Says it on stdout: text, or one line of JSON.
pub(super) fn tell(introduction: Introduction, json: bool, colour: bool) {
    let Introduction { url, console, stripe, running, databases } = introduction;
    let example = example(&url);
    if json {
        let processes: Vec<_> = running
            .iter()
            .map(|Running { name, url, pid }| json!({ "name": name, "url": url, "pid": pid }))
            .collect();
        let databases: serde_json::Map<_, _> =
            databases.into_iter().map(|(name, url)| (name, json!(url))).collect();
        let cards: serde_json::Map<_, _> =
            CARDS.iter().map(|(number, what)| ((*number).to_owned(), json!(what))).collect();
        let line = json!({
            "event": "up", "url": url, "shop": format!("{url}/"), "processes": processes, "databases": databases, "example": example,
            "look": LOOK,
            "console": console.map(|url| json!({ "url": url, "operatorToken": OPERATOR_TOKEN, "viewerToken": VIEWER_TOKEN })),
            "stripe": { "url": stripe, "standIn": true, "cards": cards },
        });
        return terminal::write(&line.to_string());
    }
    let row = |name: &str, text: &str| terminal::write(&format!("  {name:<15} {text}"));
    terminal::write(&terminal::paint(&format!("the shop is open at {url}/"), "1;32", colour));
    terminal::write("sign up there, sell and buy; or go on in a shell, see below\n");
    for Running { name, url, pid } in running {
        row(&name, &format!("{url}  process {pid}"));
    }
    for (name, url) in databases {
        row(&name, &url);
    }
    terminal::write(&terminal::paint(
        &format!("\na stand-in for Stripe takes the money, and no bank is asked: its pages are at {stripe}"),
        "1",
        colour,
    ));
    for (number, what) in CARDS {
        terminal::write(&format!("  {number}  {what}"));
    }
    terminal::write(&terminal::paint(
        "\nsign up, put a ticket up for sale, order it and begin to pay, by the APIs:\n",
        "1",
        colour,
    ));
    terminal::write(&example);
    terminal::write(&terminal::paint(
        "\nopen the url that this prints in a browser, pay with one of the cards, and look what became of the order:\n",
        "1",
        colour,
    ));
    terminal::write(LOOK);
    if let Some(console) = console {
        terminal::write(&terminal::paint(
            &format!("\noperators are at {console}/, with this token, which guards nothing:\n"),
            "1",
            colour,
        ));
        terminal::write(OPERATOR_TOKEN);
        terminal::write("\nand by the command line, in a shell:\n");
        terminal::write(&operators(&console));
    }
    terminal::write(&terminal::paint("\nthe logs, until Ctrl-C:\n", "1", colour));
}

/// The line behind those of the [`example`], for who has paid.
const LOOK: &str = r#"curl -sS -b "$JAR" $URL/api/orders/$ORDER; echo"#;

/// Lines for a shell: what an operator may begin with.
fn operators(console: &str) -> String {
    format!(
        r#"export FLEET_CONSOLE={console} FLEET_TOKEN={OPERATOR_TOKEN}
cargo run --quiet --package fleet -- status
cargo run --quiet --package fleet -- top"#
    )
}

/// Lines for a shell: one person signs up, sells a ticket, orders it and begins to pay.
fn example(url: &str) -> String {
    // A ticket is known to `orders` some milliseconds after `tickets` has answered.
    format!(
        r#"URL={url}
JAR=$(mktemp)
JSON='Content-Type: application/json'
curl -sS -c "$JAR" -H "$JSON" -d '{{"email":"'$$'@example.com","password":"a-password"}}' $URL/api/users/signup; echo
TICKET=$(curl -sS -b "$JAR" -H "$JSON" -d '{{"title":"Concert","price":20}}' $URL/api/tickets | sed 's/.*"id":"\([^"]*\)".*/\1/')
sleep 1
ORDER=$(curl -sS -b "$JAR" -H "$JSON" -d '{{"ticketId":"'$TICKET'"}}' $URL/api/orders); echo "$ORDER"
ORDER=$(echo "$ORDER" | sed 's/{{"id":"\([^"]*\)".*/\1/')
curl -sS -b "$JAR" -H "$JSON" -d '{{"orderId":"'$ORDER'"}}' $URL/api/payments; echo"#
    )
}
