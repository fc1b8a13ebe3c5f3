//! What each service's user may do on the broker, tried on a real one.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, jetstream};
use common::{Service, event::Subject};
use futures_util::future::try_join_all;
use messaging::{
    AuditSearch, Broker, EventSearch, Outcome, Permissions, Queued, ReadFrom,
    topology::{durable_name, listeners, replays_consumer},
};
use process::health::Health;
use testkit::Nats;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::{
    handling::{Seen, each},
    world::{LONG, options, settings, topology},
};

/// A broker with a user for each service, and a connection without a password may do everything.
async fn broker() -> Nats {
    let mut users = String::from("{ user: test, password: test }\n");
    for service in Service::USERS_OF_THE_BROKER {
        let permissions = Permissions::of(&topology(), service);
        writeln!(users, "{{ user: {service}, password: {service}, permissions: {permissions} }}").unwrap();
    }
    Nats::start_with(&format!("authorization {{ users: [\n{users}] }}\nno_auth_user: test\n")).await.unwrap()
}

/// A service's connection, and what the broker refuses it.
async fn connect(nats: &Nats, service: Service) -> (Client, UnboundedReceiver<String>) {
    let (sender, refusals) = unbounded_channel();
    let options = ConnectOptions::with_user_and_password(service.to_string(), service.to_string())
        .custom_inbox_prefix(format!("_INBOX.{service}"))
        .event_callback(move |event| {
            if let Event::ServerError(error) = event {
                let _ = sender.send(error.to_string());
            }
            async {}
        });
    (options.connect(nats.url()).await.unwrap(), refusals)
}

/// Whether the broker refuses to take a message of this user on this subject. What is expected is only awaited the longer.
#[expect(clippy::disallowed_methods, reason = "this tries what nobody may do")]
async fn is_refused(
    client: &Client,
    refusals: &mut UnboundedReceiver<String>,
    subject: &str,
    expected: bool,
) -> bool {
    client.publish(subject.to_owned(), "{}".into()).await.unwrap();
    // The broker answers in order: what it refuses is told before the answer to the flush's ping.
    client.flush().await.unwrap();
    let patience = Duration::from_millis(if expected { 10_000 } else { 100 });
    match tokio::time::timeout(patience, refusals.recv()).await {
        Ok(Some(refusal)) => {
            assert!(refusal.to_lowercase().contains("permissions violation"), "{refusal}");
            true
        }
        _ => false,
    }
}

#[tokio::test]
async fn a_service_publishes_its_own_events_and_is_refused_everybody_elses() {
    let nats = broker().await;
    for service in Service::USERS_OF_THE_BROKER {
        let (client, mut refusals) = connect(&nats, service).await;
        for subject in Subject::ALL {
            let expected = subject.publisher() != service;
            let refused = is_refused(&client, &mut refusals, subject.as_str(), expected).await;
            assert_eq!(refused, expected, "{service} publishes {subject}");
        }
    }
}

#[tokio::test]
async fn nobody_touches_what_belongs_to_another() {
    let nats = broker().await;
    let (client, mut refusals) = connect(&nats, Service::Tickets).await;
    let of_orders = durable_name(Service::Orders, Subject::ExpirationComplete);
    for subject in [
        "$JS.API.STREAM.DELETE.c-tickets".to_owned(),
        "$JS.API.STREAM.PURGE.c-tickets".to_owned(),
        "$JS.API.STREAM.UPDATE.c-tickets".to_owned(),
        "$JS.API.STREAM.CREATE.c-expiration".to_owned(),
        "$JS.API.STREAM.MSG.GET.c-orders".to_owned(),
        format!("$JS.API.CONSUMER.MSG.NEXT.c-expiration.{of_orders}"),
        "$JS.API.CONSUMER.DELETE.c-orders.payments-order-created".to_owned(),
        format!("$JS.API.CONSUMER.DELETE.c-expiration.{of_orders}"),
        // It may have the listeners of its own stream begin again, and takes nothing in their place.
        "$JS.API.CONSUMER.MSG.NEXT.c-tickets.orders-ticket-created".to_owned(),
        "$JS.ACK.c-tickets.orders-ticket-created.1.1.1.1.1".to_owned(),
        "$JS.API.CONSUMER.CREATE.c-tickets".to_owned(),
        "$JS.API.CONSUMER.CREATE.c-tickets.spy".to_owned(),
        // Only `expiration` reads once more.
        "$JS.API.CONSUMER.CREATE.c-orders.expiration-rebuild".to_owned(),
        "$JS.API.CONSUMER.CREATE.c-orders.tickets-rebuild".to_owned(),
        "$JS.API.CONSUMER.CREATE.c-orders.spy.order:created".to_owned(),
        format!("$JS.ACK.c-expiration.{of_orders}.1.1.1.1.1"),
        format!("dead-letter.{of_orders}.1"),
        // Only `console` replays, deletes dead letters and writes the audit.
        "replay.tickets-order-created.1-1".to_owned(),
        "$JS.API.STREAM.CREATE.c-replays".to_owned(),
        "$JS.API.STREAM.MSG.DELETE.c-dead-letters".to_owned(),
        format!("$JS.API.CONSUMER.MSG.NEXT.c-replays.{of_orders}-replays"),
        format!("$JS.ACK.c-replays.{of_orders}-replays.1.1.1.1.1"),
        "audit.order.o".to_owned(),
        "$JS.API.STREAM.INFO.c-audit".to_owned(),
        "anything.else".to_owned(),
    ] {
        assert!(is_refused(&client, &mut refusals, &subject, true).await, "{subject}");
    }
    for subject in ["order:created", "_INBOX.orders.>", ">", "$JS.EVENT.>"] {
        let _subscription = client.subscribe(subject.to_owned()).await.unwrap();
        client.flush().await.unwrap();
        let refusal = tokio::time::timeout(Duration::from_secs(10), refusals.recv()).await;
        assert!(refusal.is_ok(), "tickets may listen to {subject}");
    }
}

#[tokio::test]
async fn console_reads_everything_and_neither_tells_nor_touches_what_is_not_its_own() {
    let nats = broker().await;
    let (client, mut refusals) = connect(&nats, Service::Console).await;
    let of_orders = durable_name(Service::Orders, Subject::ExpirationComplete);
    for subject in [
        "dead-letter.orders-expiration-complete.1".to_owned(),
        "$JS.API.STREAM.DELETE.c-audit".to_owned(),
        "$JS.API.STREAM.PURGE.c-audit".to_owned(),
        "$JS.API.STREAM.UPDATE.c-audit".to_owned(),
        "$JS.API.STREAM.MSG.DELETE.c-audit".to_owned(),
        "$JS.API.STREAM.PURGE.c-dead-letters".to_owned(),
        "$JS.API.STREAM.DELETE.c-dead-letters".to_owned(),
        "$JS.API.STREAM.MSG.DELETE.c-orders".to_owned(),
        "$JS.API.STREAM.MSG.DELETE.c-replays".to_owned(),
        "$JS.API.STREAM.CREATE.c-orders".to_owned(),
        format!("$JS.API.CONSUMER.MSG.NEXT.c-expiration.{of_orders}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.c-replays.{of_orders}-replays"),
        // The broker takes the name of a consumer from the body, so this one changes that of another.
        "$JS.API.CONSUMER.CREATE.c-expiration".to_owned(),
        "$JS.API.CONSUMER.CREATE.c-replays".to_owned(),
        format!("$JS.API.CONSUMER.CREATE.c-expiration.{of_orders}"),
        format!("$JS.API.CONSUMER.CREATE.c-expiration.{of_orders}.expiration:complete"),
        format!("$JS.API.CONSUMER.DURABLE.CREATE.c-expiration.{of_orders}"),
        format!("$JS.API.CONSUMER.DELETE.c-expiration.{of_orders}"),
        format!("$JS.ACK.c-expiration.{of_orders}.1.1.1.1.1"),
        "anything.else".to_owned(),
    ] {
        assert!(is_refused(&client, &mut refusals, &subject, true).await, "{subject}");
    }
    for subject in ["order:created", "audit.>", "replay.>", "_INBOX.orders.>", ">"] {
        let _subscription = client.subscribe(subject.to_owned()).await.unwrap();
        client.flush().await.unwrap();
        let refusal = tokio::time::timeout(Duration::from_secs(10), refusals.recv()).await;
        assert!(refusal.is_ok(), "console may listen to {subject}");
    }
}

/// A service's own broker, by its own user.
async fn of(nats: &Nats, service: Service) -> Broker {
    let url = nats.url().replacen("://", &format!("://{service}:{service}@"), 1);
    Broker::connect(service, &settings(&url), &Health::new()).await.unwrap()
}

#[tokio::test]
async fn what_is_allowed_is_enough_to_replay_to_delete_to_look_and_to_keep_the_audit() {
    let nats = broker().await;
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let console = of(&nats, Service::Console).await;
    let stop = CancellationToken::new();
    let watch = tokio::spawn(console.clone().watch(stop.clone()));
    let orders = of(&nats, Service::Orders).await;
    let seen = Seen::default();
    let refused_once = AtomicBool::new(false);
    let handler = each(&seen, move |_, _| match refused_once.swap(true, Ordering::Relaxed) {
        true => Outcome::Done,
        false => Outcome::reject("the first time"),
    });
    let consuming = tokio::spawn(orders.consumer(handler, options(10, 2, 5)).run(stop.clone()));
    testkit::eventually("the event is stored", LONG, async || store(&jetstream, "{\"orderId\":\"o\"}").await)
        .await;
    let letters = console.dead_letters();
    let letter = testkit::eventually("there is a letter", LONG, async || {
        letters.get(1).await.map_err(|error| format!("{error:#}"))?.ok_or("none".to_owned())
    })
    .await;
    let mut tail = letters.tail(0, true).await.unwrap();
    assert_eq!(tail.next().await.unwrap().sequence, 1);
    assert_eq!(console.replayer().replay(&letter, None).await.unwrap(), Queued::Now);
    assert!(letters.delete(1).await.unwrap());
    testkit::eventually("it comes back", LONG, async || match seen.count("o") {
        2.. => Ok(()),
        count => Err(format!("{count} times")),
    })
    .await;
    let log = console.audit_log();
    let entry = log.store("audit.order.o", "1", "{}".into()).await.unwrap();
    let search = AuditSearch { subject: Some("audit.order.o"), before: None, most: 100 };
    let mut entries = 0;
    log.search(search, |_| {
        entries += 1;
        true
    })
    .await
    .unwrap();
    assert_eq!((entry, entries), (1, 1));
    let limit = Duration::from_secs(2);
    let subject = Subject::ExpirationComplete;
    let search = EventSearch { subject, from_ms: 0, to_ms: i64::MAX, most: 10, limit };
    assert!(console.find_event(search, |_| true).await.unwrap().is_some());
    assert!(console.look_at_streams().await.unwrap().iter().any(|stream| stream.name == "c-replays"));
    store(&jetstream, "{\"orderId\":\"p\"}").await.unwrap();
    console.look_at_consumers().await.unwrap();
    stop.cancel();
    consuming.await.unwrap();
    watch.await.unwrap();
    no_violations(&nats);
}

#[expect(clippy::disallowed_methods, reason = "plays a service that is not here")]
async fn store(jetstream: &jetstream::Context, body: &'static str) -> Result<(), String> {
    let sent = jetstream.publish(Subject::ExpirationComplete.as_str(), body.into()).await;
    sent.map_err(|error| error.to_string())?.await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn who_only_overhears_hears_what_pages_show_and_nothing_else_and_asks_jetstream_for_nothing() {
    let nats = broker().await;
    let (client, mut refusals) = connect(&nats, Service::Client).await;
    for subject in ["$JS.API.INFO", "$JS.API.STREAM.INFO.c-tickets", "_INBOX.x", "anything.else"] {
        assert!(is_refused(&client, &mut refusals, subject, true).await, "{subject}");
    }
    let refused =
        ["order:created", "payment:created", "expiration:complete", "dead-letter.>", "_INBOX.>", ">"];
    for subject in refused {
        let _subscription = client.subscribe(subject.to_owned()).await.unwrap();
        client.flush().await.unwrap();
        let refusal = tokio::time::timeout(Duration::from_secs(10), refusals.recv()).await;
        assert!(refusal.is_ok(), "client may listen to {subject}");
    }
}

#[tokio::test]
async fn what_is_allowed_is_enough_to_make_and_use_a_services_own_streams_and_consumers() {
    let nats = broker().await;
    let open = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    for service in Service::ON_THE_BROKER {
        let (client, mut refusals) = connect(&nats, service).await;
        let jetstream = jetstream::new(client);
        for stream in topology().streams_of(service) {
            jetstream.get_or_create_stream(stream).await.unwrap();
        }
        for subject in Subject::ALL.into_iter().filter(|subject| subject.listeners().contains(&service)) {
            let stream = jetstream.get_stream(topology().stream_name(subject.publisher())).await.unwrap();
            let wanted = messaging::topology::consumer(service, subject);
            stream.create_consumer_strict(wanted).await.unwrap();
            open.get_or_create_stream(topology().replays()).await.unwrap();
            let replays = jetstream.get_stream(topology().replays_stream_name()).await.unwrap();
            let wanted = replays_consumer(&durable_name(service, subject));
            replays.create_consumer_strict(wanted).await.unwrap();
        }
        assert!(refusals.try_recv().is_err(), "{service} is refused something");
    }
}

#[tokio::test]
async fn what_is_allowed_is_enough_to_find_a_loss_and_to_have_all_listeners_begin_again() {
    let nats = broker().await;
    let open = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    for stream in topology().streams() {
        open.create_stream(stream).await.unwrap();
    }
    for service in Service::ON_THE_BROKER {
        let own = of(&nats, service).await;
        let place = own.last_place(service).await.unwrap().unwrap();
        assert!(own.still_has(service, place).await.unwrap());
        assert_eq!(own.place_at(service, 1).await.unwrap(), None);
        let listeners: Vec<_> =
            listeners().into_iter().filter(|(_, subject)| subject.publisher() == service).collect();
        let begun = listeners.iter().map(|listener| own.begin_again(*listener, None));
        try_join_all(begun).await.unwrap();
        assert!(own.floors(&listeners).await.unwrap().iter().all(Option::is_some), "{service}");
    }
    no_violations(&nats);
}

#[tokio::test]
async fn what_is_allowed_is_enough_for_expiration_to_read_the_orders_and_its_own_events_once_more() {
    let nats = broker().await;
    let open = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    for stream in topology().streams() {
        open.create_stream(stream).await.unwrap();
    }
    store(&open, "{\"orderId\":\"o\"}").await.unwrap();
    let expiration = of(&nats, Service::Expiration).await;
    for (subjects, last) in [
        (&[Subject::OrderCreated, Subject::OrderCancelled, Subject::OrderExtended][..], 0),
        (&[Subject::ExpirationComplete][..], 1),
    ] {
        let mut reader = expiration.read_events(subjects, ReadFrom::Start, last).await.unwrap();
        assert_eq!(reader.next_chunk(10).await.unwrap().len(), usize::try_from(last).unwrap());
        reader.close().await;
        let place = expiration.last_place(subjects[0].publisher()).await.unwrap().unwrap();
        assert!(expiration.still_has(subjects[0].publisher(), place).await.unwrap());
    }
    no_violations(&nats);
}

fn no_violations(nats: &Nats) {
    let violations: Vec<_> =
        nats.log().lines().filter(|line| line.contains("Violation")).map(str::to_owned).collect();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test]
async fn a_broker_lets_in_who_has_the_right_password_in_its_address_and_nobody_else() {
    let nats = broker().await;
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let connect = async |password: &str| {
        let url = nats.url().replacen("://", &format!("://expiration:{password}@"), 1);
        Broker::connect(Service::Expiration, &settings(&url), &Health::new()).await.unwrap()
    };
    let watch = |broker: Broker| tokio::spawn(broker.watch(CancellationToken::new()));
    // A service that is let in creates its streams at once.
    let stream = topology().stream_name(Service::Expiration);
    let wrong = watch(connect("wrong").await);
    testkit::eventually("the wrong password is refused", LONG, async || {
        if nats.log().contains("authentication error") { Ok(()) } else { Err(nats.log()) }
    })
    .await;
    assert!(jetstream.get_stream(&stream).await.is_err());
    wrong.abort();
    let _right = watch(connect("expiration").await);
    testkit::eventually("the right password is taken", LONG, async || {
        jetstream.get_stream(&stream).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}
