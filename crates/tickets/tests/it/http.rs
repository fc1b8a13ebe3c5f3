//! Every answer of the API, byte for byte.

use std::num::NonZeroU32;

use common::{event::TicketCreated, traceparent::Traceparent};
use reqwest::Method;
use serde_json::{Value, json};
use tickets::store::{Listing, Which};

use crate::{
    api::{Server, check, send},
    world::{World, id, order},
};

fn listing(which: Which) -> Listing {
    Listing { which, seller: None }
}

const DRAFT: &str = r#"{"title":"Concert, row 7","price":19.99}"#;

#[tokio::test]
async fn a_ticket_is_created_shown_listed_and_changed_as_the_golden_files_say() {
    let server = Server::new().await;
    check(server.get("/api/tickets").await, include_str!("../golden/listed_empty.http"), &[]).await;
    let created = server.post("u-1", DRAFT).await;
    let listed = server.world.store.list(&listing(Which::All), None, 10).await.unwrap().unwrap().remove(0);
    let names = [("ticket", listed.id.as_str())];
    check(created, include_str!("../golden/created.http"), &names).await;
    let path = format!("/api/tickets/{}", listed.id);
    check(server.get(&path).await, include_str!("../golden/shown.http"), &names).await;
    check(server.get("/api/tickets").await, include_str!("../golden/listed.http"), &names).await;
    let edited = server.put("u-1", &path, r#"{"title":"Concert, row 8","price":25}"#).await;
    check(edited, include_str!("../golden/edited.http"), &names).await;
}

#[tokio::test]
async fn a_reserved_ticket_shows_its_order_is_left_out_of_the_list_and_is_not_changed() {
    let server = Server::new().await;
    let (ticket, path) = server.sell("u-1").await;
    let names = [("ticket", ticket.as_str())];
    let reserved = order("o-1", &id(&ticket));
    server.world.store.reserve(std::slice::from_ref(&reserved)).await.unwrap();
    check(server.get(&path).await, include_str!("../golden/shown_reserved.http"), &names).await;
    check(server.put("u-1", &path, DRAFT).await, include_str!("../golden/reserved.http"), &[]).await;
    let listed = async |path: &str| {
        let tickets: Vec<Value> = server.get(path).await.json().await.unwrap();
        tickets.len()
    };
    assert_eq!((listed("/api/tickets").await, listed("/api/tickets?status=all").await), (0, 1));
    server.world.store.release(&[reserved]).await.unwrap();
    assert_eq!(listed("/api/tickets/?status=free").await, 1);
    assert_eq!(server.put("u-1", &path, DRAFT).await.status(), 200);
}

#[tokio::test]
async fn what_one_seller_sells_is_listed_alone_page_by_page() {
    let server = Server::new().await;
    let mut own = Vec::new();
    for seller in ["u-1", "u-2", "u-1", "u-2", "u-1"] {
        let (ticket, _) = server.sell(seller).await;
        own.extend((seller == "u-1").then_some(ticket));
    }
    let reserved = order("o-1", &id(&own[1]));
    server.world.store.reserve(std::slice::from_ref(&reserved)).await.unwrap();
    let ids = async |path: &str| -> (Vec<String>, Option<String>) {
        let answer = server.get(path).await;
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let tickets: Vec<Value> = answer.json().await.unwrap();
        (tickets.iter().map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect(), link)
    };
    assert_eq!(ids("/api/tickets?seller=u-1&status=all").await, (own.clone(), None));
    assert_eq!(ids("/api/tickets?seller=u-1").await.0, [own[0].clone(), own[2].clone()]);
    assert_eq!(ids("/api/tickets?seller=nobody&status=all").await.0, [""; 0]);
    let (first, link) = ids("/api/tickets?seller=u-1&status=all&limit=2").await;
    assert_eq!(first, own[..2]);
    let next = link.unwrap();
    let next = next.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(next, format!("/api/tickets?status=all&seller=u-1&limit=2&after={}", own[1]));
    assert_eq!(ids(next).await, (own[2..].to_vec(), None));
    let refused = server.get("/api/tickets?seller=a%20b").await;
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("\"field\":\"seller\""));
}

#[tokio::test]
async fn each_change_is_told_with_the_trace_of_its_request() {
    let server = Server::new().await;
    let trace = Traceparent::generate().to_string();
    let traced = |request: reqwest::RequestBuilder| request.header("traceparent", trace.clone());
    let created = send(traced(server.request("u-1", Method::POST, "/api/tickets")), DRAFT).await;
    let body: Value = created.json().await.unwrap();
    let path = format!("/api/tickets/{}", body["id"].as_str().unwrap());
    send(traced(server.request("u-1", Method::PUT, &path)), r#"{"title":"b","price":"7.50"}"#).await;

    let [told] = &server.world.published("ticket:created").await[..] else { panic!("not once") };
    let event: TicketCreated = serde_json::from_str(&told.payload).unwrap();
    assert_eq!((event.id.as_str(), event.version), (body["id"].as_str().unwrap(), 0));
    assert!(told.payload.contains(r#""price":19.99"#), "{}", told.payload);
    let [updated] = &server.world.published("ticket:updated").await[..] else { panic!("not once") };
    assert!(updated.payload.contains(r#""version":1,"title":"b","price":7.5,"#), "{}", updated.payload);
    for row in [told, updated] {
        assert_eq!(row.traceparent.as_ref(), Some(&trace));
    }
}

#[tokio::test]
async fn a_ticket_is_only_changed_by_its_seller() {
    let server = Server::new().await;
    let (_, path) = server.sell("u-1").await;
    let refused = include_str!("../golden/not_authorized.http");
    check(server.put("u-2", &path, DRAFT).await, refused, &[]).await;
    check(send(server.anonymous(Method::PUT, &path), DRAFT).await, refused, &[]).await;
    check(send(server.anonymous(Method::POST, "/api/tickets"), DRAFT).await, refused, &[]).await;
    assert_eq!(server.world.updates().await, []);
}

#[tokio::test]
async fn a_seller_changes_tickets_so_often_in_a_minute_and_no_oftener() {
    const MOST: u32 = 3;
    let server = Server::with_limit(World::new().await, NonZeroU32::new(MOST)).await;
    let ((_, mine), (_, theirs)) = (server.sell("u-1").await, server.sell("u-2").await);
    // The edits of this test are of one minute whenever it runs.
    let this_minute = "update edits set minute = date_trunc('minute', now())";
    for _ in 0..MOST {
        assert_eq!(server.put("u-1", &mine, DRAFT).await.status(), 200);
        sqlx::query(this_minute).execute(&server.world.pool).await.unwrap();
    }
    let refused = server.put("u-1", &mine, DRAFT).await;
    let seconds = refused.headers()["retry-after"].to_str().unwrap().to_owned();
    assert!((1..=60).contains(&seconds.parse::<u32>().unwrap()), "{seconds}");
    check(refused, include_str!("../golden/too_many_edits.http"), &[("seconds", &seconds)]).await;
    let told = server.world.published("ticket:updated").await;
    assert_eq!(told.len(), MOST as usize, "what is refused is not told");
    assert_eq!(server.put("u-2", &theirs, DRAFT).await.status(), 200, "everybody has a limit of his own");
    sqlx::query("update edits set minute = minute - interval '1 minute'")
        .execute(&server.world.pool)
        .await
        .unwrap();
    assert_eq!(server.put("u-1", &mine, DRAFT).await.status(), 200);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::new().await;
    let golden = include_str!("../golden/not_found.http");
    for path in ["/api/tickets/nothing", "/api/tickets/a%20b", "/api/tickets/%ff", "/api/ticket", "/"] {
        check(server.get(path).await, golden, &[]).await;
    }
    check(server.put("u-1", "/api/tickets/nothing", DRAFT).await, golden, &[]).await;
    let golden = include_str!("../golden/method_not_allowed.http");
    for (method, path) in [(Method::DELETE, "/api/tickets/x"), (Method::PUT, "/api/tickets")] {
        check(server.request("u-1", method, path).send().await.unwrap(), golden, &[]).await;
    }
}

#[tokio::test]
async fn a_slash_behind_a_path_changes_nothing() {
    let server = Server::new().await;
    let request = server.request("u-1", Method::POST, "/api/tickets/");
    assert_eq!(send(request, DRAFT).await.status(), 201);
    let listed: Vec<Value> = server.get("/api/tickets/?limit=3").await.json().await.unwrap();
    let path = format!("/api/tickets/{}/", listed[0]["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.status(), 200);
    assert_eq!(server.put("u-1", &path, DRAFT).await.status(), 200);
    assert_eq!(server.request("u-1", Method::PATCH, &path).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn an_edit_that_names_a_version_happens_only_to_that_version() {
    let server = Server::new().await;
    let (ticket, path) = server.sell("u-1").await;
    let edit = async |tag: &str| {
        let request = server.request("u-1", Method::PUT, &path).header("if-match", tag.to_owned());
        send(request, DRAFT).await
    };
    for (tag, status) in [
        ("\"0\"", 200),
        ("\"0\"", 412),
        ("\"7\", \"1\"", 200),
        ("*", 200),
        ("W/\"3\"", 412),
        ("\"x\"", 412),
        ("3", 400),
    ] {
        assert_eq!(edit(tag).await.status(), status, "{tag}");
    }
    check(edit("\"0\"").await, include_str!("../golden/changed.http"), &[]).await;
    assert_eq!(server.world.find(&id(&ticket)).await.version, 3);
    assert_eq!(server.get(&path).await.headers()["etag"], "\"3\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_who_saw_the_same_version_one_wins() {
    let server = Server::new().await;
    let (_, path) = server.sell("u-1").await;
    let edit = || send(server.request("u-1", Method::PUT, &path).header("if-match", "\"0\""), DRAFT);
    let (one, two) = tokio::join!(edit(), edit());
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn pages_lead_through_the_whole_list_and_keep_the_status_that_was_asked_for() {
    let server = Server::new().await;
    let mut sold = Vec::new();
    for _ in 0..5 {
        sold.push(server.sell("u-1").await.0);
    }
    let ids = async |path: &str| {
        let answer = server.get(path).await;
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let tickets: Vec<Value> = answer.json().await.unwrap();
        let ids = tickets.iter().map(|ticket| ticket["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), link)
    };
    assert_eq!(ids("/api/tickets").await, (sold.clone(), None));
    let (first, link) = ids("/api/tickets?limit=3").await;
    assert_eq!(first, sold[..3]);
    let next = link.unwrap();
    assert_eq!(next, format!("</api/tickets?limit=3&after={}>; rel=\"next\"", sold[2]));
    let (rest, link) = ids(next.trim_start_matches('<').split('>').next().unwrap()).await;
    assert_eq!((&rest[..], link), (&sold[3..], None));
    // The ticket at which a page ends may be bought before the next page is asked for.
    let bought = order("o-1", &id(&sold[2]));
    server.world.store.reserve(&[bought]).await.unwrap();
    assert_eq!(ids(&format!("/api/tickets?after={}", sold[2])).await.0, sold[3..]);
    let (_, link) = ids("/api/tickets?limit=3&status=all").await;
    assert_eq!(link.unwrap(), format!("</api/tickets?status=all&limit=3&after={}>; rel=\"next\"", sold[2]));
    let golden = include_str!("../golden/after_not_known.http");
    check(server.get("/api/tickets?after=nothing").await, golden, &[]).await;
    check(server.get("/api/tickets?status=sold").await, include_str!("../golden/status_not_valid.http"), &[])
        .await;
    assert_eq!(server.get("/api/tickets?status=%ff").await.status(), 400);
}

#[tokio::test]
async fn without_postgres_every_request_is_turned_away_for_now() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(World::on(&postgres).await).await;
    let (_, path) = server.sell("u-1").await;
    postgres.stop().await.unwrap();
    let golden = include_str!("../golden/unavailable.http");
    check(server.get(&path).await, golden, &[]).await;
    check(server.get("/api/tickets").await, golden, &[]).await;
    check(server.post("u-1", DRAFT).await, golden, &[]).await;
    check(server.put("u-1", &path, DRAFT).await, golden, &[]).await;
    postgres.restart().await.unwrap();
    let draft = json!({ "title": "again", "price": 1 }).to_string();
    assert_eq!(server.put("u-1", &path, &draft).await.status(), 200);
}

#[tokio::test]
async fn a_page_is_read_from_its_place_in_the_index_however_many_tickets_are_before_it() {
    let world = World::new().await;
    world.many_tickets(50_000).await;
    sqlx::raw_sql(
        "update tickets set created_at = now() + substr(id, 3)::int * interval '1 ms',
                            user_id = case when substr(id, 3)::int % 10 = 0 then 'few' else user_id end;
         analyze tickets",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    for (index, seller, explain) in [
        (
            "tickets_in_order",
            None,
            concat!("explain (analyze, format json) ", include_str!("../../src/store/list.sql")),
        ),
        (
            "free_tickets_in_order",
            None,
            concat!("explain (analyze, format json) ", include_str!("../../src/store/list_free.sql")),
        ),
        (
            "tickets_of_a_seller_in_order",
            Some("few"),
            concat!("explain (analyze, format json) ", include_str!("../../src/store/list_of_seller.sql")),
        ),
    ] {
        page_is_read_by(&world, index, explain, seller).await;
    }
    let page = world.store.list(&listing(Which::Free), Some(&id("t-40000")), 20).await.unwrap().unwrap();
    assert_eq!((page.len(), page[0].id.as_str()), (20, "t-40001"));
}

async fn page_is_read_by(world: &World, index: &str, explain: &'static str, seller: Option<&str>) {
    let mut explained = sqlx::query_as(explain).bind("t-40000").bind(20_i64);
    if let Some(seller) = seller {
        explained = explained.bind(seller).bind(true);
    }
    let (plan,): (Value,) = explained.fetch_one(&world.pool).await.unwrap();
    let plan = &plan[0]["Plan"];
    let scan = &plan["Plans"].as_array().unwrap().iter().find(|part| part["Index Name"] == index);
    let scan = scan.unwrap_or_else(|| panic!("{plan:#}"));
    assert!(scan["Index Cond"].is_string() && scan.get("Rows Removed by Filter").is_none(), "{plan:#}");
}
