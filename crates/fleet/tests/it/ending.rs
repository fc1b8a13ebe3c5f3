//! Exit statuses, as scripts see them.

use serde_json::json;

use crate::{
    fleet::{TOKEN, command, ended, run, run_with},
    stand_in::StandIn,
};

#[tokio::test]
async fn each_refusal_of_the_api_has_its_exit_status_and_is_said_with_its_field() {
    for (status, code) in [(400, 2), (401, 6), (403, 6), (404, 4), (409, 5), (500, 1), (502, 69), (503, 69)] {
        let errors =
            json!({ "errors": [{ "message": "no \u{1b}[2J way", "field": "to" }, { "message": "twice" }] });
        let console = StandIn::start(move |_| (status, errors.to_string())).await;
        let text = run(&console.url, TOKEN, "timers move o-1 --by 10m").await.with(code);
        assert_eq!(text.stdout, "");
        assert!(text.stderr.contains("fleet: to: no \u{fffd}[2J way\ntwice"), "{status}: {text:?}");
        let json = run(&console.url, TOKEN, "timers move o-1 --by 10m --json").await.with(code);
        assert_eq!(json.json()["errors"][0]["field"], "to");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_console_is_a_failure_and_no_panic() {
    for body in ["", "<html>", "{}", "[]"] {
        let console = StandIn::start(move |_| (200, body.to_owned())).await;
        let ended = run(&console.url, TOKEN, "order o-1").await.with(1);
        assert!(ended.stderr.contains("getOrder can't be read"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_console_that_is_away_ends_with_69_and_is_named() {
    let closed = "http://127.0.0.1:1";
    for line in ["status", "top --json", "order o-1", "pause --for 10m"] {
        let ended = run(closed, TOKEN, line).await.with(69);
        assert!(ended.stderr.contains(&format!("console does not answer at {closed}")), "{ended:?}");
        assert_eq!(ended.stdout, "");
        assert_eq!(ended.stderr.contains("`fleet audit` says"), line.starts_with("pause"), "{ended:?}");
    }
}

#[tokio::test]
async fn settings_that_are_missing_or_wrong_end_with_64_and_are_all_named() {
    let ended = run("ftp://x", "short", "status").await.with(64);
    assert!(ended.stderr.contains("2 mistakes in the settings:"), "{ended:?}");
    assert!(
        ended.stderr.contains("FLEET_CONSOLE: `ftp://x`") && !ended.stderr.contains("short\n"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_wrong_argument_ends_with_2_before_anything_is_asked() {
    let console = StandIn::start(|_| (500, String::new())).await;
    for line in ["timers fire", "order o/1", "timers fire --due-to soon", "timers cancel --ids-from /nowhere"]
    {
        run(&console.url, TOKEN, line).await.with(2);
    }
    let wrong = run_with(&console.url, TOKEN, "timers cancel --ids-from -", "o-1\no 2\n").await.with(2);
    assert!(wrong.stderr.contains("-: line 2:"), "{wrong:?}");
    assert_eq!(console.asked(), []);
}

#[tokio::test]
async fn a_status_that_is_not_well_ends_with_3() {
    for (well, code) in [(true, 0), (false, 3)] {
        let status = json!({ "at": "2026-01-31T12:00:00.000Z", "well": well, "troubles": [], "outboxes": [],
            "consumers": [], "streams": [], "services": [] });
        let console = StandIn::start(move |_| (200, status.to_string())).await;
        for line in ["status", "status --json"] {
            run(&console.url, TOKEN, line).await.with(code);
        }
    }
}

#[tokio::test]
async fn a_token_is_read_from_a_file_or_from_stdin() {
    let console = StandIn::start(|_| (200, json!({ "operations": [] }).to_string())).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let other = "fedcba9876543210fedcba9876543210";
    std::fs::write(file.path(), format!("{other}\n")).unwrap();
    let line = format!("--token-file {} operations list", file.path().display());
    run(&console.url, TOKEN, &line).await.with(0);
    run_with(&console.url, "", "operations list --token-file -", &format!("{other}\n")).await.with(0);
    let seen: Vec<_> = console.asked().into_iter().map(|asked| asked.authorization).collect();
    assert_eq!(seen, [format!("Bearer {other}"), format!("Bearer {other}")]);
}

#[tokio::test]
async fn there_are_completions_for_each_shell_without_any_settings() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run("", "", &format!("completions {shell}")).await.with(0);
        assert!(ended.stdout.contains("dead-letters") && ended.stdout.contains("replay"), "{shell}");
    }
}

#[tokio::test]
async fn a_reader_that_has_enough_is_no_failure() {
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", r#"set -e; "$0" completions zsh | head -n 1"#, env!("CARGO_BIN_EXE_fleet")]);
    let ended = ended(shell).await.with(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("#compdef fleet\n", ""));
}

#[tokio::test]
async fn top_without_a_terminal_says_what_to_use_instead() {
    let top = ended(command("http://127.0.0.1:1", TOKEN, &["top"])).await.with(2);
    assert!(top.stderr.contains("fleet status"), "{top:?}");
}
