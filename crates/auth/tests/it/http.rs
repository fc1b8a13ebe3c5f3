//! Every answer of the API, byte for byte.

use std::time::Duration;

use reqwest::Method;
use testkit::Postgres;
use web::{Sessions, User};

use crate::api::{Answer, CURRENT, KEY, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP, Server, credentials};

const ANN: &str = "ann@example.com";

#[tokio::test]
async fn a_new_user_is_signed_in_and_stays_so_until_signing_out() {
    let server = Server::new().await;
    let signed_up = server.post(SIGN_UP, &credentials(" Ann@Example.COM ", PASSWORD)).await;
    signed_up.is(include_str!("../golden/signed_up.http"));
    let user = signed_up.user();
    assert!(user.len() == 24 && user.bytes().all(|b| b.is_ascii_hexdigit()), "{user}");

    let current = server.current(&signed_up.cookie).await;
    current.is(include_str!("../golden/current_user.http"));
    assert_eq!(current.json()["currentUser"]["id"], user);

    let signed_out = server.post(SIGN_OUT, "").await;
    signed_out.is(include_str!("../golden/signed_out.http"));
    let attributes = "Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure";
    let cleared = ["session", "express:sess"].map(|name| format!("{name}=; {attributes}"));
    assert_eq!(signed_out.set_cookies(), cleared, "whichever name the session had");
    server.current(&signed_out.cookie).await.is(include_str!("../golden/current_nobody.http"));
}

#[tokio::test]
async fn a_user_signs_in_with_the_address_in_any_case_and_the_password_as_it_is() {
    let server = Server::new().await;
    let user = server.sign_up(ANN).await.user();
    for email in [ANN, "ANN@EXAMPLE.COM", "\tAnn@example.com "] {
        let signed_in = server.post(SIGN_IN, &credentials(email, PASSWORD)).await;
        signed_in.is(include_str!("../golden/signed_in.http"));
        assert_eq!(signed_in.user(), user);
        server.current(&signed_in.cookie).await.is(include_str!("../golden/current_user.http"));
    }
    let refused = include_str!("../golden/invalid_credentials.http");
    for password in ["S3cret", "s3cret ", " s3cret", "s3cre", "s3cret\0"] {
        server.post(SIGN_IN, &credentials(ANN, password)).await.is(refused);
    }
}

#[tokio::test]
async fn a_password_typed_in_another_unicode_form_opens_the_account() {
    let server = Server::new().await;
    let composed = "gr\u{fc}n-s\u{e9}same";
    let decomposed = "gru\u{308}n-se\u{301}same";
    for (nth, (first, then)) in [(composed, decomposed), (decomposed, composed)].into_iter().enumerate() {
        let email = format!("ann-{nth}@example.com");
        assert_eq!(server.post(SIGN_UP, &credentials(&email, first)).await.status, 201);
        assert_eq!(server.post(SIGN_IN, &credentials(&email, then)).await.status, 200);
    }
}

#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let refused = include_str!("../golden/invalid_credentials.http");
    server.post(SIGN_IN, &credentials(ANN, "wrong")).await.is(refused);
    server.post(SIGN_IN, &credentials("bob@example.com", "wrong")).await.is(refused);
}

#[tokio::test]
async fn an_address_in_use_is_refused_in_any_case() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    for email in [ANN, "ANN@example.com"] {
        let answer = server.post(SIGN_UP, &credentials(email, "another password")).await;
        answer.is(include_str!("../golden/email_in_use.http"));
    }
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn an_account_is_found_however_its_domain_is_written_also_by_an_older_release() {
    let server = Server::new().await;
    let (unicode, ascii) = ("ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example");
    let user = server.sign_up(ascii).await.user();
    for stored in [unicode, ascii] {
        // As this release stores it, and as one did that knew no domains.
        let update = sqlx::query("update users set email = $1").bind(stored);
        assert_eq!(update.execute(&server.pool).await.unwrap().rows_affected(), 1);
        for email in [unicode, ascii, "ann@\u{ff42}\u{fc}cher.example"] {
            assert_eq!(server.post(SIGN_IN, &credentials(email, PASSWORD)).await.user(), user, "{email}");
            let again = server.post(SIGN_UP, &credentials(email, PASSWORD)).await;
            again.is(include_str!("../golden/email_in_use.http"));
        }
    }
}

#[tokio::test]
async fn each_wrong_field_is_named_and_both_at_once() {
    let server = Server::new().await;
    for (path, email, password, golden) in [
        (SIGN_UP, "ann", PASSWORD, include_str!("../golden/email_not_valid.http")),
        (SIGN_UP, ANN, "abc", include_str!("../golden/password_not_valid.http")),
        (SIGN_UP, "ann", "", include_str!("../golden/email_and_password_not_valid.http")),
        (SIGN_IN, "ann", PASSWORD, include_str!("../golden/email_not_valid.http")),
        (SIGN_IN, ANN, "", include_str!("../golden/password_missing.http")),
        (SIGN_IN, "ann", "", include_str!("../golden/email_not_valid_and_password_missing.http")),
    ] {
        server.post(path, &credentials(email, password)).await.is(golden);
    }
    let users: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(&server.pool).await.unwrap();
    assert_eq!(users, 0);
}

#[tokio::test]
async fn a_password_has_4_to_128_characters_of_any_language() {
    let server = Server::new().await;
    let (emoji, longest) = ("\u{1f3ab}".repeat(4), "\u{e4}".repeat(128));
    for (nth, password) in ["abcd", "    ", &emoji, &longest].into_iter().enumerate() {
        let credentials = credentials(&format!("user-{nth}@example.com"), password);
        assert_eq!(server.post(SIGN_UP, &credentials).await.status, 201, "{password}");
        assert_eq!(server.post(SIGN_IN, &credentials).await.status, 200, "{password}");
    }
    let (short, long) = ("\u{1f3ab}".repeat(3), "\u{e4}".repeat(129));
    for password in ["", "abc", &short, &long, "abc\0d"] {
        let answer = server.post(SIGN_UP, &credentials(ANN, password)).await;
        answer.is(include_str!("../golden/password_not_valid.http"));
    }
}

#[tokio::test]
async fn a_session_without_an_address_is_shown_without_one_and_a_forged_or_expired_one_is_nobodys() {
    let server = Server::new().await;
    let user = User { id: "u-1".parse().unwrap(), email: None };
    let cookie = |key: &str, lifetime| {
        let cookie = Sessions::new(key.into()).open(&user, Duration::from_secs(lifetime), true);
        cookie.split(';').next().unwrap().to_owned()
    };
    server.current(&cookie(KEY, 60)).await.is(include_str!("../golden/current_user_without_email.http"));
    let nobody = include_str!("../golden/current_nobody.http");
    for cookie in [cookie(KEY, 0), cookie("another key", 60), "session=".to_owned(), "session=%%%".to_owned()]
    {
        server.current(&cookie).await.is(nobody);
    }
    Answer::read(server.request(Method::GET, CURRENT).send().await.unwrap()).await.is(nobody);
}

#[tokio::test]
async fn what_is_not_there_and_what_another_site_asks_for_is_refused() {
    let server = Server::new().await;
    for path in ["/api/users", "/api/users/", "/api/users/nothing", "/"] {
        let answer = server.request(Method::GET, path).send().await.unwrap();
        Answer::read(answer).await.is(include_str!("../golden/not_found.http"));
    }
    for (method, path) in
        [(Method::GET, SIGN_UP), (Method::GET, SIGN_IN), (Method::DELETE, SIGN_OUT), (Method::POST, CURRENT)]
    {
        let answer = server.request(method, path).send().await.unwrap();
        Answer::read(answer).await.is(include_str!("../golden/method_not_allowed.http"));
    }
    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        let request = server.request(Method::POST, path).header("sec-fetch-site", "cross-site");
        let request = request.header("content-type", "application/json").body(credentials(ANN, PASSWORD));
        Answer::read(request.send().await.unwrap()).await.is(include_str!("../golden/cross_site.http"));
    }
}

#[tokio::test]
async fn without_postgres_nobody_signs_in_and_whoever_has_stays_so() {
    let postgres = Postgres::start().await.unwrap();
    let server = Server::on(&postgres).await;
    let cookie = server.sign_up(ANN).await.cookie;
    postgres.stop().await.unwrap();
    for path in [SIGN_UP, SIGN_IN] {
        let answer = server.post(path, &credentials(ANN, PASSWORD)).await;
        answer.is(include_str!("../golden/unavailable.http"));
    }
    server.current(&cookie).await.is(include_str!("../golden/current_user.http"));
    postgres.restart().await.unwrap();
    assert_eq!(server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn a_defect_is_not_shown_and_is_no_failed_attempt() {
    let server = Server::new().await;
    server.sign_up(ANN).await;
    let defect = include_str!("../golden/defect.http");
    for sql in ["update users set password_hash = 's3cret'", "update users set id = 'a b'"] {
        server.sql(sql).await;
        server.post(SIGN_IN, &credentials(ANN, PASSWORD)).await.is(defect);
    }
    server.post(SIGN_UP, &credentials(ANN, PASSWORD)).await.is(defect);
    assert_eq!(server.failures("account:ann@example.com").await, 0);
    assert_eq!(server.failures("address:192.0.2.1").await, 0);
}
