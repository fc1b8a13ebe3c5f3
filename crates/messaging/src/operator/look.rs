//! How streams and consumers are, against the topology.

use async_nats::jetstream::{consumer, stream};
use common::{Service, event::Subject};
use serde_json::json;

use crate::{
    Broker,
    api::ask,
    differences::{self, Difference},
    stored::message,
    topology,
};

/// A stream that there shall be.
#[derive(Debug)]
pub struct StreamLook {
    /// Its name.
    pub name: String,
    /// Whether it may be missing.
    pub is_optional: bool,
    /// Its state and settings; `None`: it is not there.
    pub info: Option<stream::Info>,
    /// In what its settings differ.
    pub differences: Vec<Difference>,
}

/// A durable consumer that there shall be.
#[derive(Debug)]
pub struct ConsumerLook {
    /// Its name.
    pub name: String,
    /// The stream that it reads.
    pub stream: String,
    /// What it listens to.
    pub subject: Subject,
    /// Its state and settings; `None`: it is not there.
    pub info: Option<consumer::Info>,
    /// In what its settings differ.
    pub differences: Vec<Difference>,
    /// When the oldest message that it has not settled was stored, in ns since the epoch; `None`: it has settled all.
    pub oldest_ns: Option<i64>,
}

impl Broker {
    /// Looks at every stream, those that may be missing last.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn look_at_streams(&self) -> anyhow::Result<Vec<StreamLook>> {
        let topology = self.provisioner().topology();
        let all = topology.streams().into_iter().map(|wanted| (wanted, false));
        let mut looks = Vec::new();
        for (wanted, is_optional) in all.chain(topology.optional_streams().map(|wanted| (wanted, true))) {
            let question = format!("STREAM.INFO.{}", wanted.name);
            let info: Option<stream::Info> = ask(self.client(), &question, None).await?;
            let differences =
                info.as_ref().map(|info| differences::of_stream(&wanted, &info.config)).unwrap_or_default();
            looks.push(StreamLook { name: wanted.name, is_optional, info, differences });
        }
        Ok(looks)
    }

    /// Looks at every durable consumer.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn look_at_consumers(&self) -> anyhow::Result<Vec<ConsumerLook>> {
        let mut looks = Vec::new();
        for (service, subject) in topology::listeners() {
            looks.push(self.look_at_consumer(service, subject).await?);
        }
        Ok(looks)
    }

    async fn look_at_consumer(&self, service: Service, subject: Subject) -> anyhow::Result<ConsumerLook> {
        let stream = self.provisioner().topology().stream_name(subject.publisher());
        let name = topology::durable_name(service, subject);
        let question = format!("CONSUMER.INFO.{stream}.{name}");
        let info: Option<consumer::Info> = ask(self.client(), &question, None).await?;
        let wanted = topology::consumer(service, subject);
        let differences =
            info.as_ref().map(|info| differences::of_consumer(&wanted, &info.config)).unwrap_or_default();
        let mut oldest_ns = None;
        if let Some(info) = &info
            && (info.num_pending > 0 || info.num_ack_pending > 0)
        {
            let next = json!({
                "seq": info.ack_floor.stream_sequence + 1,
                "next_by_subj": subject.as_str(),
            });
            oldest_ns = message(self.client(), &stream, &next).await?.map(|oldest| oldest.stored_ns);
        }
        Ok(ConsumerLook { name, stream, subject, info, differences, oldest_ns })
    }
}
