//! Drafts that make no sense, and requests that are meant to do harm.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Server, check, send},
    world::id,
};

#[tokio::test]
async fn a_title_that_is_blank_missing_or_too_long_is_refused_by_its_field() {
    let server = Server::new().await;
    let golden = include_str!("../golden/title_missing.http");
    for title in [json!(""), json!("  \t"), json!(null), json!(7), json!(["a"]), json!({})] {
        check(server.post("u-1", &json!({ "title": title, "price": 1 }).to_string()).await, golden, &[])
            .await;
    }
    check(server.post("u-1", r#"{"price":1}"#).await, golden, &[]).await;
    check(server.post("u-1", r#"{"title":"\ud800","price":1}"#).await, golden, &[]).await;
    for (length, status) in [(200, 201), (201, 400)] {
        let title = "\u{fc}".repeat(length);
        let answer = server.post("u-1", &json!({ "title": title, "price": 1 }).to_string()).await;
        assert_eq!(answer.status(), status, "{length} letters");
        if status == 400 {
            check(answer, include_str!("../golden/title_too_long.http"), &[]).await;
        }
    }
    let nul = server.post("u-1", r#"{"title":"a\u0000b","price":1}"#).await;
    check(nul, include_str!("../golden/title_with_nul.http"), &[]).await;
}

#[tokio::test]
async fn a_price_that_is_no_amount_of_money_is_refused_by_its_field() {
    let server = Server::new().await;
    let not_above_zero = include_str!("../golden/price_not_above_zero.http");
    let far = "9".repeat(400);
    for price in [
        "0", "-1", "-0.01", "0.00", "\"\"", "\"free\"", "null", "true", "[1]", "{}", "\"1,50\"", "\"NaN\"",
        "\"inf\"", "-1e400",
    ] {
        check(server.post("u-1", &format!(r#"{{"title":"a","price":{price}}}"#)).await, not_above_zero, &[])
            .await;
    }
    let too_high = include_str!("../golden/price_too_high.http");
    for price in ["1000000.01", "1e20", "\"1000001\"", "9007199254740993", "1e400", &far] {
        check(server.post("u-1", &format!(r#"{{"title":"a","price":{price}}}"#)).await, too_high, &[]).await;
    }
    let too_fine = include_str!("../golden/price_too_fine.http");
    for price in ["0.001", "19.999", "1e-3", "\"0.123\"", "1e-7", "0.10000000000000000000000000000001"] {
        check(server.post("u-1", &format!(r#"{{"title":"a","price":{price}}}"#)).await, too_fine, &[]).await;
    }
    check(server.post("u-1", "{}").await, include_str!("../golden/both_missing.http"), &[]).await;
}

#[tokio::test]
async fn a_price_is_kept_to_the_cent_however_it_is_written() {
    let server = Server::new().await;
    for (written, kept) in [
        ("20", "20"),
        ("20.00", "20"),
        ("19.990", "19.99"),
        ("\"19.99\"", "19.99"),
        ("\" 7.5 \"", "7.5"),
        ("2e1", "20"),
        ("0.01", "0.01"),
        ("999999.99", "999999.99"),
        ("1000000.00", "1000000"),
        ("1e6", "1000000"),
        ("0.29", "0.29"),
    ] {
        let answer = server.post("u-1", &format!(r#"{{"title":"a","price":{written}}}"#)).await;
        assert_eq!(answer.status(), 201, "{written}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(&format!(r#""price":{kept},"#)), "{written}: {text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        let shown =
            server.get(&format!("/api/tickets/{}", body["id"].as_str().unwrap())).await.text().await.unwrap();
        assert_eq!(shown, text);
    }
}

#[tokio::test]
async fn what_looks_like_sql_or_markup_is_kept_as_it_is() {
    let server = Server::new().await;
    for title in ["'; drop table tickets; --", "<script>alert(1)</script>", "%s%n$1\\", "ünï 🎫 \u{202e}"]
    {
        let answer = server.post("u-1", &json!({ "title": title, "price": 1 }).to_string()).await;
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["title"], title);
        let ticket = server.world.find(&id(body["id"].as_str().unwrap())).await;
        assert_eq!(ticket.title, title);
    }
    for path in ["/api/tickets/'%20or%201=1--", "/api/tickets?after='%20or%201=1--"] {
        assert!(server.get(path).await.status().is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_too_large_or_from_another_site_is_refused() {
    let server = Server::new().await;
    let golden = include_str!("../golden/body_not_valid.http");
    for body in ["", "{", "title=a", "\u{0}", &"[".repeat(10_000)] {
        check(server.post("u-1", body).await, golden, &[]).await;
    }
    let request = server.request("u-1", Method::POST, "/api/tickets").body(r#"{"title":"a","price":1}"#);
    check(request.send().await.unwrap(), include_str!("../golden/body_not_json.http"), &[]).await;
    let large = json!({ "title": "x".repeat(20_000), "price": 1 }).to_string();
    check(server.post("u-1", &large).await, include_str!("../golden/too_large.http"), &[]).await;
    let request = server.request("u-1", Method::POST, "/api/tickets").header("sec-fetch-site", "cross-site");
    let answer = send(request, r#"{"title":"a","price":1}"#).await;
    check(answer, include_str!("../golden/cross_site.http"), &[]).await;
    assert_eq!(server.get("/api/tickets").await.text().await.unwrap(), "[]");
}

#[tokio::test]
async fn a_ticket_of_a_release_that_had_no_bounds_is_still_shown_and_listed() {
    let server = Server::new().await;
    let title = "x".repeat(15_000);
    sqlx::query("insert into tickets (id, title, price, user_id) values ('t-1', $1, 12345678.5, 'u-1')")
        .bind(&title)
        .execute(&server.world.pool)
        .await
        .unwrap();
    let shown: Value = server.get("/api/tickets/t-1").await.json().await.unwrap();
    assert_eq!(
        (shown["title"].as_str(), shown["price"].as_f64()),
        (Some(title.as_str()), Some(12_345_678.5))
    );
    let listed: Value = server.get("/api/tickets").await.json().await.unwrap();
    assert_eq!(listed[0], shown);
}
