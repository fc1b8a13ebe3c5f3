//! Who may do it: the user `admin`, by the permissions that `cargo xtask nats-permissions` writes, and no service.

use common::Service;
use std::fmt::Write as _;

use messaging::Permissions;
use testkit::Nats;

use crate::world::{CLUSTER, Ended, jetstream, run, wanted};

/// A broker with a user for each service and the user `admin`; a connection without a password may do everything.
async fn broker() -> Nats {
    let mut users = String::from("{ user: test, password: test }\n");
    let services =
        Service::USERS_OF_THE_BROKER.map(|service| (service.as_str(), Permissions::of(&wanted(), service)));
    for (user, permissions) in services.into_iter().chain([("admin", Permissions::of_admin())]) {
        writeln!(users, "{{ user: {user}, password: \"pass/word\", permissions: {permissions} }}").unwrap();
    }
    Nats::start_with(&format!("authorization {{ users: [\n{users}] }}\nno_auth_user: test\n")).await.unwrap()
}

async fn by(nats: &Nats, user: &str, password: &str, arguments: &[&str]) -> Ended {
    let url = nats.url().replacen("://", &format!("://{user}:{password}@"), 1);
    run(arguments, &[("NATS_URL", &url), ("NATS_CLUSTER_ID", CLUSTER)]).await
}

#[tokio::test]
async fn the_user_admin_may_do_all_of_it() {
    let nats = broker().await;
    for (arguments, code) in [(["show"], 3), (["apply"], 0), (["apply"], 0), (["show"], 0)] {
        let ended = by(&nats, "admin", "pass%2Fword", &arguments).await;
        assert_eq!(ended.code, code, "{ended:?}");
    }
}

#[tokio::test]
async fn a_service_changes_nothing_by_it_and_is_told_who_may() {
    let nats = broker().await;
    let stream = jetstream(&nats).await.create_stream(wanted().stream(Service::Orders)).await.unwrap();
    for service in Service::USERS_OF_THE_BROKER {
        let ended = by(&nats, service.as_str(), "pass%2Fword", &["apply"]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{service}: {ended:?}");
        assert!(ended.stderr.contains("connect as the user `admin`"), "{service}: {ended:?}");
    }
    let account = jetstream(&nats).await.query_account().await.unwrap();
    assert_eq!((account.streams, account.consumers), (1, 0));
    assert_eq!(stream.get_info().await.unwrap().config.subjects.len(), 5);
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once_and_not_shown() {
    let nats = broker().await;
    let ended = by(&nats, "admin", "hunter2", &[]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("refuses the user and password in NATS_URL"), "{ended:?}");
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
}
