//! Stylesheet, script and icon, and how much all of it weighs.

use crate::world::World;

fn path_of(html: &str, kind: &str) -> String {
    let (_, rest) = html.split_once(&format!("=\"/static/{kind}.")).unwrap();
    format!("/static/{kind}.{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn files_are_kept_forever_by_the_hash_in_their_names() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let page = visitor.get("/").await;
    for (name, kind) in [("style", "text/css; charset=utf-8"), ("app", "text/javascript; charset=utf-8")] {
        let path = path_of(&page.html, name);
        let file = visitor.get(&path).await;
        assert_eq!((file.status, file.header("content-type")), (200, kind));
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!file.html.is_empty());
        // A file of another release: nobody may keep that it is not here.
        let other = visitor.get(&path.replace('.', ".0")).await;
        assert_eq!((other.status, other.header("cache-control")), (404, "no-store"));
    }
    visitor.get("/robots.txt").await.shows("");
    assert_eq!(visitor.get("/favicon.svg").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn the_first_view_with_20_tickets_is_at_most_14_kb_in_all() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let word = common::event::Id::generate();
    for seat in 1..=20 {
        let band = ["The Cure", "Tocotronic", "Björk", "Kraftwerk", "Sleater-Kinney"][seat % 5];
        seller
            .sell(
                &format!("{band}, Columbiahalle Berlin, row {seat}, seat {} {word}", seat * 7 % 40),
                &format!("{}.50", 20 + seat),
            )
            .await;
    }
    let mut visitor = world.visitor();
    let path = format!("/?search={word}");
    let plain = visitor.sees(&path, "seat").await;
    assert_eq!(plain.html.matches("data-version=").count(), 20);
    visitor.headers = vec![("accept-encoding", "gzip, deflate, br, zstd".to_owned())];
    let mut sum = 0;
    for path in [path, path_of(&plain.html, "style"), path_of(&plain.html, "app"), "/favicon.svg".to_owned()]
    {
        let bytes = visitor.bytes(&path).await;
        println!("{bytes:6} {path}");
        sum += bytes;
    }
    assert!(sum <= 14_000, "{sum} bytes");
}
