//! Wrong settings, as somebody at a terminal meets them.

use crate::child::Child;

#[test]
fn wrong_settings_are_all_on_stderr_and_the_exit_status_is_64() {
    let (code, stdout, stderr) = Child::start(&[
        ("NATS_URL", "ftp://ann:hunter2@nats"),
        ("SHUTDOWN_TIMEOUT", "0s"),
        ("NATS_REPLICAS", "three"),
        ("RUST_LOG", "=="),
    ])
    .end();
    assert_eq!(code, 64, "{stdout}\n{stderr}");
    assert!(stderr.contains("example cannot start: 5 mistakes"), "{stderr}");
    for name in ["NATS_URL", "SHUTDOWN_TIMEOUT", "NATS_REPLICAS", "RUST_LOG", "ROLE"] {
        assert!(stderr.contains(&format!("\n  {name}: ")), "{name} is not in\n{stderr}");
    }
    assert!(!stderr.contains("hunter2") && !stdout.contains("hunter2"), "{stderr}");
}
