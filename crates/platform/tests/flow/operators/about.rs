//! What every process tells of itself, inside alone.

use std::time::Duration;

use common::{Service, internal::About};

use super::start;
use crate::people::client;

#[tokio::test(flavor = "multi_thread")]
async fn every_process_says_which_one_it_is_and_to_nobody_who_comes_through_the_door() {
    let world = start(Duration::from_secs(600), 1).await;
    for (service, process) in
        Service::OURS.iter().flat_map(|name| world.platform.services(*name).iter().map(move |it| (name, it)))
    {
        let (status, text) = process.get("/aboutz").await.unwrap();
        let about: About = serde_json::from_str(&text).unwrap();
        assert_eq!((status, about.service.as_str(), about.ready), (200, service.as_str(), true), "{about:?}");
        // `auth` has no name at the broker.
        assert!(about.instance == process.name() || *service == Service::Auth, "{about:?}");
    }
    let outside = client().get(format!("{}/aboutz", world.platform.url())).send().await.unwrap();
    assert_eq!(outside.status(), 404);
    let internal = client().get(format!("{}/internal/outbox", world.platform.url())).send().await.unwrap();
    assert_eq!(internal.status(), 404);
}
