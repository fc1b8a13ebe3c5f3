//! Wrong settings, as somebody at a terminal meets them.

use crate::child::Child;

#[test]
fn wrong_settings_are_all_on_stderr_and_the_exit_status_is_64() {
    let (code, stdout, stderr) = Child::start(&[
        ("HTTP_ADDR", "nowhere"),
        ("SHUTDOWN_TIMEOUT", "0s"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "=="),
    ])
    .end();
    assert_eq!(code, 64, "{stdout}\n{stderr}");
    assert!(stderr.contains("example cannot start: 5 mistakes"), "{stderr}");
    for name in ["HTTP_ADDR", "SHUTDOWN_TIMEOUT", "LOG_FORMAT", "RUST_LOG", "ROLE"] {
        assert!(stderr.contains(&format!("\n  {name}: ")), "{name} is not in\n{stderr}");
    }
}
