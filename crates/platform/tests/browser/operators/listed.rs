//! The same power three ways: every operation of the API has a page or a form, and a command of `fleet`.

use std::{collections::BTreeSet, process::Command};

use platform::OPERATOR_TOKEN;
use serde_json::Value;

use super::{desk::Desk, scene::Scene};

/// More pages than one scene has.
const MOST_PAGES: usize = 200;

/// Every operation that the document of the API names.
async fn documented(desk: &Desk) -> BTreeSet<String> {
    let url = format!("{}/api/openapi.json", desk.url());
    let answer = reqwest::Client::new().get(url).bearer_auth(OPERATOR_TOKEN).send().await.unwrap();
    let document: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let methods = paths.flat_map(|path| path.as_object().unwrap().values());
    methods.filter_map(|operation| operation["operationId"].as_str().map(str::to_owned)).collect()
}

/// Every operation that a page or a form names, on the pages that one gets to from the first one.
async fn on_pages(desk: &Desk, scene: &Scene) -> BTreeSet<String> {
    let texts = async |script: &str| -> Vec<String> {
        let found = desk.read(script).await.unwrap();
        found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut queue = vec![String::from("/"), format!("/orders/{}", scene.order)];
    let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
    while let Some(path) = queue.pop() {
        // A filter or a place on a page leads to the same kind of page again.
        let plain = path.split(['?', '#']).next().unwrap_or_default().to_owned();
        if seen.len() >= MOST_PAGES || plain.starts_with("/api/") || !seen.insert(plain) {
            continue;
        }
        desk.visit(&path).await;
        named.extend(
            texts("[...document.querySelectorAll('[data-operation]')].map(e => e.dataset.operation)").await,
        );
        queue.extend(
            texts("[...document.querySelectorAll('a[href^=\"/\"]')].map(a => a.getAttribute('href'))").await,
        );
    }
    named
}

/// Every operation that a command of `fleet` stands for.
fn of_fleet() -> BTreeSet<String> {
    let fleet = testkit::locate("fleet").unwrap();
    let told = Command::new(fleet).arg("covered").output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let commands: Vec<Value> = serde_json::from_slice(&told.stdout).unwrap();
    commands.iter().map(|command| command["operationId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_of_the_api_has_a_page_or_a_form_and_a_command() {
    let scene = Scene::set().await;
    let desk = scene.operator().await;
    scene.letter(&desk).await;
    scene.owed(&desk).await;
    scene.scheduled(&desk).await;
    // One of each: a pause to resume, and an operation to confirm or to abort.
    desk.visit("/dead-letters").await;
    desk.send("replay-all", &[]).await;
    desk.visit("/schedule").await;
    desk.send("pause", &[("forMs", "10m")]).await;
    let documented = documented(&desk).await;
    assert!(documented.len() > 20, "{documented:?}");
    let (pages, fleet) = (on_pages(&desk, &scene).await, of_fleet());
    let without_page: Vec<_> = documented.difference(&pages).collect();
    let without_command: Vec<_> = documented.difference(&fleet).collect();
    assert!(
        without_page.is_empty() && without_command.is_empty(),
        "without a page or a form: {without_page:?}; without a command: {without_command:?}"
    );
    let unknown: Vec<_> = pages.difference(&documented).collect();
    assert!(unknown.is_empty(), "pages name what is no operation: {unknown:?}");
    desk.leaves();
}
