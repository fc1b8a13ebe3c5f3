//! What `console` may do: look at everything, take dead letters back and delete them, and write the audit. It publishes no
//! event, and touches no consumer and no stream of others.

use crate::topology::{self, Topology};
use common::{Service, event::Subject};

/// Subjects that it may publish to.
pub(super) fn publish(topology: &Topology) -> Vec<String> {
    let publishes = |service: &Service| Subject::ALL.iter().any(|subject| subject.publisher() == *service);
    let publishers = Service::ON_THE_BROKER.into_iter().filter(publishes);
    let events = publishers.map(|publisher| topology.stream_name(publisher));
    let (letters, audit) = (topology.dead_letter_stream_name(), topology.audit_stream_name());
    let replays = topology.replays_stream_name();
    let mut publish = vec!["replay.*.*".to_owned(), format!("{}.*.*", topology::AUDIT_PREFIX)];
    let all = topology.streams().into_iter().chain(topology.optional_streams());
    publish.extend(all.map(|stream| format!("$JS.API.STREAM.INFO.{}", stream.name)));
    publish.extend([&letters, &audit, &replays].map(|stream| format!("$JS.API.STREAM.CREATE.{stream}")));
    publish.extend(topology::listeners().into_iter().map(|(service, subject)| {
        let stream = topology.stream_name(subject.publisher());
        format!("$JS.API.CONSUMER.INFO.{stream}.{}", topology::durable_name(service, subject))
    }));
    let read = events.chain([letters.clone(), replays]);
    publish.extend(read.map(|stream| format!("$JS.API.STREAM.MSG.GET.{stream}")));
    publish.push(format!("$JS.API.STREAM.MSG.DELETE.{letters}"));
    // Nobody else has a consumer on these two. On any other stream it could change that of another: the broker takes the name
    // from the body.
    publish.extend([&letters, &audit].map(|stream| format!("$JS.API.CONSUMER.CREATE.{stream}")));
    publish.push(format!("$JS.API.CONSUMER.MSG.NEXT.{letters}.*"));
    publish
}
