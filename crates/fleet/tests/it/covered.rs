//! Every operation has a command that calls it: each command line that `fleet covered` names is run.

use serde_json::{Value, json};

use crate::{
    fleet::{TOKEN, run},
    stand_in::{Asked, StandIn},
};

const AT: &str = "2026-01-31T12:00:00.000Z";

/// A body for each operation, as its type wants it.
fn answer(asked: &Asked) -> (u16, String) {
    let schedule = json!({ "timers": 0, "pending": 0, "due": 0, "claimed": 0, "overdue": 0, "oldestDueAgeMs": 0,
        "clocks": { "redis": AT, "worker": AT }, "checkpoint": { "holds": true, "sequence": 7, "stored": AT } });
    let operation = json!({ "id": "op-1", "action": "cancelTimers", "state": "done", "by": "eve", "plannedAt": AT,
        "count": 2, "samples": ["o-1"], "done": 2, "skipped": 0, "failed": 0, "failures": [] });
    let status = json!({ "at": AT, "well": true, "troubles": [], "outboxes": [], "consumers": [], "streams": [],
        "services": [] });
    let letter = json!({ "sequence": 1, "group": "g", "consumer": "c", "subject": "order:created", "reason": "r",
        "at": AT, "replays": 0, "stream": "s", "streamSequence": 1, "publishedAt": AT, "headers": {}, "body": "{}",
        "exact": true });
    let path = asked.path.split('?').next().unwrap_or_default();
    let body = match path.trim_start_matches("/api/").split('/').collect::<Vec<_>>()[..] {
        ["status"] => status,
        ["live"] => return (200, format!("event: status\ndata: {status}\n\n")),
        ["orders", id] => {
            json!({ "id": id, "summary": "s", "path": [], "deadLetters": [], "acts": [], "missing": [] })
        }
        ["timers"] => json!({ "timers": [] }),
        ["timers", "forecast"] => {
            json!({ "now": AT, "due": 0, "minutes": [0], "hours": [0], "later": 0 })
        }
        ["timers", id, _] | ["payments", id, "settle"] => {
            json!({ "id": id, "decider": "orders", "message": "done" })
        }
        ["schedule" | "pause" | "resume"] => schedule,
        ["rebuild"] => json!({ "begun": true }),
        ["dead-letters", "groups"] => json!({ "total": 0, "read": 0, "groups": [] }),
        ["dead-letters"] => json!({ "total": 0, "letters": [] }),
        ["dead-letters", _] => letter,
        ["dead-letters", _, _] => json!({ "sequence": 1, "already": false, "message": "done" }),
        ["payments", "owed"] => json!({ "total": 0, "owed": [] }),
        ["operations"] if asked.method == "GET" => json!({ "operations": [] }),
        ["operations", ..] => operation,
        ["audit"] => json!({ "entries": [] }),
        _ => return (404, json!({ "errors": [{ "message": "no such operation" }] }).to_string()),
    };
    (200, body.to_string())
}

#[tokio::test]
async fn each_command_that_covers_an_operation_calls_it_and_prints_its_answer_as_it_is() {
    let covered = run("", "", "covered").await.with(0).json();
    let covered = covered.as_array().unwrap();
    assert!(covered.len() > 20, "{covered:?}");
    for one in covered {
        let part = |name: &str| one[name].as_str().unwrap().to_owned();
        let console = StandIn::start(answer).await;
        let line = part("command").replace("ID", "x-1").replace("WHY", "because");
        let line = line.strip_prefix("fleet ").unwrap();
        let ended = run(&console.url, TOKEN, &format!("{line} --json")).await;

        let path = part("path").replace("{id}", "x-1").replace("{sequence}", "1");
        // An act on many is confirmed by the id that its plan has answered with.
        let path = path.replace("x-1/confirm", "op-1/confirm");
        let asked = console.asked();
        let call = asked.iter().find(|asked| {
            asked.method == part("method") && asked.path.split('?').next() == Some(path.as_str())
        });
        let call = call.unwrap_or_else(|| panic!("`{line}` did not call {one}: {asked:?} {ended:?}"));
        assert_eq!(call.authorization, format!("Bearer {TOKEN}"));
        // The stream ends here, which a real one does not do.
        let (code, body) = if line == "top" { (69, answer_of_status(call)) } else { (0, answer(call).1) };
        assert_eq!((ended.code, ended.stdout.as_str()), (code, format!("{body}\n").as_str()), "{line}");
        let text = run(&console.url, TOKEN, line).await;
        // Without a terminal there is no screen.
        assert_eq!(text.code, if line == "top" { 2 } else { 0 }, "{line}: {text:?}");
        assert!(line == "top" || text.stdout.len() > 3, "{line}: {text:?}");
        assert!(serde_json::from_str::<Value>(&text.stdout).is_err(), "{line}: {text:?}");
    }
}

fn answer_of_status(call: &Asked) -> String {
    answer(&Asked { path: "/api/status".to_owned(), ..call.clone() }).1
}
