//! The platform, as a person starts it: an order is placed at the printed address, and Ctrl-C leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use support::{Xtask, are_gone, pids};
use testkit::is_gone;

/// The platform at any free port, when it is up, with the line that says so.
fn up(arguments: &[&str]) -> (Xtask, Value, Vec<Pid>) {
    let mut up = Xtask::start(&[&["up", "--json", "--port", "0"], arguments].concat());
    let said = up.until("up");
    let pids = pids(&said, 10);
    assert!(up.is_running() && pids.iter().all(|pid| !is_gone(*pid)));
    (up, said.last().unwrap().clone(), pids)
}

/// Runs the printed lines in a shell, as a person who has copied them. The answer is what they print.
fn example(line: &Value) -> Vec<Value> {
    let lines = line["example"].as_str().unwrap();
    let mut shell = Command::new("sh");
    // python3 is on every machine that this runs on; curl is on most of them.
    let stand_in = tempfile::tempdir().unwrap();
    if Command::new("curl").arg("--version").output().is_err() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/curl.py");
        std::os::unix::fs::symlink(script, stand_in.path().join("curl")).unwrap();
        let path = testkit::paths::variable("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{}", stand_in.path().display(), path.to_string_lossy()));
    }
    let output = shell.arg("-euc").arg(lines).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    printed.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {said}"))).collect()
}

#[tokio::test]
async fn an_order_is_placed_at_the_printed_address_and_ctrl_c_drains_everything() {
    let (up, line, pids) = up(&["--window", "1m"]);
    let shop = request("GET", line["shop"].as_str().unwrap(), "");
    assert!(shop.starts_with("HTTP/1.1 200") && shop.contains("data-id=\""), "{shop}");
    let console = &line["console"];
    for (path, token, status) in
        [("/", "", " 303 "), ("/api/status", "", " 401 "), ("/api/status", "operatorToken", " 200 ")]
    {
        let url = format!("{}{path}", console["url"].as_str().unwrap());
        let answer = ask("GET", &url, console[token].as_str(), "");
        assert!(answer.lines().next().unwrap().contains(status), "{path} {token}: {answer}");
    }
    let answers = example(&line);
    let [person, order, payment] = &answers[..] else { panic!("{answers:#?}") };
    assert_eq!(order["status"], "created", "{answers:#?}");
    assert_eq!(order["userId"], person["id"], "{answers:#?}");
    // The money is taken on a page of the stand-in, which says so.
    let (page, stripe) = (payment["url"].as_str().unwrap(), line["stripe"]["url"].as_str().unwrap());
    assert!(page.starts_with(stripe) && line["stripe"]["standIn"] == true, "{answers:#?} {line:#}");
    assert_eq!(line["stripe"]["cards"]["4242 4242 4242 4242"], "pays", "{line:#}");
    up.signal(Signal::INT);
    // The lines go on to the end of the last process.
    let (rest, code) = up.end();
    assert_eq!(code, Some(0), "{rest:#?}");
    for service in ["auth", "tickets", "orders", "expiration", "payments", "client", "console"] {
        let drained = |line: &&Value| {
            line["process"] == format!("{service}-1") && line["message"] == format!("{service} has drained")
        };
        assert_eq!(rest.iter().filter(drained).count(), 1, "{service}: {rest:#?}");
    }
    are_gone(&pids).await;
}

#[tokio::test]
async fn whatever_is_killed_is_started_again_and_what_was_bought_is_complete() {
    let (up, line, _) = up(&["--window", "10m"]);
    let answers = example(&line);
    let [_, order, payment] = &answers[..] else { panic!("{answers:#?}") };
    let processes = line["processes"].as_array().unwrap();
    let pid_of = |name: &str| {
        let process = processes.iter().find(|process| process["name"] == name);
        Pid::from_raw(process.unwrap()["pid"].as_i64().unwrap().try_into().unwrap()).unwrap()
    };
    for name in ["payments-1", "orders-1", "NATS"] {
        rustix::process::kill_process(pid_of(name), Signal::KILL).unwrap();
    }
    // Nothing of it is there while the buyer pays.
    let page = payment["url"].as_str().unwrap();
    let paid = request("POST", page, "number=4242424242424242&expiry=12%2F40&cvc=123");
    assert!(paid.contains(" 303 "), "{paid}");
    let books = line["stripe"]["url"].as_str().unwrap();
    let captured = format!("captured {}.00", order["ticket"]["price"]);
    testkit::eventually("the money is in the books", Duration::from_secs(150), async || {
        let books = request("GET", books, "");
        if books.contains(&captured) { Ok(()) } else { Err(books) }
    })
    .await;
    up.signal(Signal::INT);
    assert_eq!(up.end().1, Some(0));
}

/// The whole answer to one request.
fn request(method: &str, url: &str, form: &str) -> String {
    ask(method, url, None, form)
}

/// The same of somebody with a token.
fn ask(method: &str, url: &str, token: Option<&str>, form: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap_or((&url[7..], ""));
    let mut stream = TcpStream::connect(host).unwrap();
    let kind = "application/x-www-form-urlencoded";
    let token = token.map(|token| format!("\r\nauthorization: Bearer {token}")).unwrap_or_default();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {kind}{token}"
    );
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{form}", form.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn sigterm_ends_it_too_with_two_processes_of_each_service() {
    let (up, line, pids) = up(&["--replicas", "2", "--no-seed"]);
    let tickets = request("GET", &format!("{}/api/tickets", line["url"].as_str().unwrap()), "");
    assert!(tickets.ends_with("[]"), "{tickets}");
    assert_eq!(line["processes"].as_array().unwrap().len(), 3 + 2 * 6 + 1, "{line:#}");
    up.signal(Signal::TERM);
    assert_eq!(up.end().1, Some(0));
    are_gone(&pids).await;
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["up", "--port", &port]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&port) && said.contains("--port") && said.contains("in use"), "{said}");
}
