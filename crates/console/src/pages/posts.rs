//! What each form of a page stands for, and the page that it is on.

/// The operation of the API that a form sent to this route stands for.
pub(super) fn operation(route: &str) -> &'static str {
    match route {
        "/orders/{id}/fire" => "fireTimer",
        "/orders/{id}/move" => "moveTimer",
        "/orders/{id}/cancel" => "cancelTimer",
        "/schedule/plan" | "/dead-letters/plan" | "/consumers/retell" => "planOperation",
        "/schedule/pause" => "pauseSchedule",
        "/schedule/resume" => "resumeSchedule",
        "/schedule/rebuild" => "rebuildSchedule",
        "/dead-letters/{sequence}/replay" | "/dead-letters/{sequence}/edit" => "replayDeadLetter",
        "/dead-letters/{sequence}/discard" => "discardDeadLetter",
        "/operations/{id}/confirm" => "confirmOperation",
        "/operations/{id}/abort" => "abortOperation",
        "/payments/{id}/settle" => "settlePayment",
        "/signin" => "signIn",
        "/signout" => "signOut",
        _ => "postPage",
    }
}

/// The page of a form that was sent to this path.
pub(super) fn page(path: &str) -> &str {
    if path.starts_with("/payments/") {
        return "/payments";
    }
    match path.rsplit_once('/') {
        Some((page, _)) if page.len() > 1 && !page.starts_with("//") => page,
        _ => "/",
    }
}

/// A path of ours to go on at, whatever was asked for.
pub(super) fn own(next: &str) -> &str {
    let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if is_own && next != "/signin" { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_its_page() {
        assert_eq!(page("/orders/o-1/fire"), "/orders/o-1");
        assert_eq!(page("/schedule/pause"), "/schedule");
        assert_eq!(page("/payments/p-1/settle"), "/payments");
        assert_eq!((page("/signout"), page("//evil.example/x")), ("/", "/"));
    }

    #[test]
    fn nobody_is_led_to_another_site() {
        for next in
            ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "", "/signin"]
        {
            assert_eq!(own(next), "/", "{next}");
        }
        assert_eq!(own("/orders/o-1?x=1"), "/orders/o-1?x=1");
    }
}
