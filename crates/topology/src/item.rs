//! The streams and consumers that there shall be, and how the broker's API speaks of them.

use anyhow::{Context, Result};
use async_nats::jetstream::{
    consumer::{self, IntoConsumerConfig as _, pull},
    stream,
};
use messaging::{
    differences::{self, Difference},
    topology::{self, Topology},
};
use serde_json::{Value, json};

/// A stream or a consumer that there shall be.
pub(crate) struct Item {
    pub(crate) name: String,
    /// Its own name, or that of the stream that a consumer is of.
    pub(crate) stream: String,
    pub(crate) wanted: Wanted,
    /// Whether copies that are there may be given up.
    pub(crate) may_lose_replicas: bool,
}

/// How it shall be.
pub(crate) enum Wanted {
    Stream(Box<stream::Config>),
    Consumer(Box<pull::Config>),
}

/// All of them: a consumer after its stream.
pub(crate) fn all(topology: &Topology, may_lose_replicas: bool) -> Vec<Item> {
    let item = |name: String, stream: String, wanted| Item { name, stream, wanted, may_lose_replicas };
    let streams = topology.streams().into_iter().map(|config| {
        let name = config.name.clone();
        item(name.clone(), name, Wanted::Stream(Box::new(config)))
    });
    let consumers = topology::listeners().into_iter().map(|(service, subject)| {
        let config = topology::consumer(service, subject);
        let stream = topology.stream_name(subject.publisher());
        item(topology::durable_name(service, subject), stream, Wanted::Consumer(Box::new(config)))
    });
    streams.chain(consumers).collect()
}

impl Item {
    pub(crate) fn kind(&self) -> &'static str {
        match self.wanted {
            Wanted::Stream(_) => "stream",
            Wanted::Consumer(_) => "consumer",
        }
    }

    /// Where to ask how it is.
    pub(crate) fn info(&self) -> String {
        match self.wanted {
            Wanted::Stream(_) => format!("STREAM.INFO.{}", self.name),
            Wanted::Consumer(_) => format!("CONSUMER.INFO.{}.{}", self.stream, self.name),
        }
    }

    /// Where and how to create it.
    ///
    /// # Errors
    /// Never: what is wanted is always JSON.
    pub(crate) fn creation(&self) -> Result<(String, Value)> {
        let config = self.config()?;
        Ok(match self.wanted {
            Wanted::Stream(_) => (format!("STREAM.CREATE.{}", self.name), config),
            Wanted::Consumer(_) => self.consumer(&config, "create"),
        })
    }

    /// Where and how to change it: as it was `found`, but for what differs.
    ///
    /// # Errors
    /// Never: what is wanted is always JSON.
    pub(crate) fn change(&self, found: &Value, differences: &[Difference]) -> Result<(String, Value)> {
        let (wanted, mut config) = (self.config()?, found.clone());
        for key in differences.iter().flat_map(|difference| keys(difference.setting)) {
            match (wanted.get(key), config.as_object_mut()) {
                (Some(value), Some(config)) => drop(config.insert(key.to_owned(), value.clone())),
                (None, Some(config)) => drop(config.remove(key)),
                (_, None) => {}
            }
        }
        Ok(match self.wanted {
            Wanted::Stream(_) => (format!("STREAM.UPDATE.{}", self.name), config),
            Wanted::Consumer(_) => self.consumer(&config, "update"),
        })
    }

    /// In what a configuration that was found differs.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn differences(&self, found: &Value) -> Result<Vec<Difference>> {
        let found = found.clone();
        Ok(match &self.wanted {
            Wanted::Stream(wanted) => {
                let found: stream::Config =
                    serde_json::from_value(found).context("read its configuration")?;
                differences::of_stream(wanted, &found)
            }
            Wanted::Consumer(wanted) => {
                let found: consumer::Config =
                    serde_json::from_value(found).context("read its configuration")?;
                differences::of_consumer(wanted, &found)
            }
        })
    }

    fn config(&self) -> Result<Value> {
        match &self.wanted {
            Wanted::Stream(config) => serde_json::to_value(config),
            Wanted::Consumer(config) => serde_json::to_value(config.clone().into_consumer_config()),
        }
        .with_context(|| format!("write the configuration of {} as JSON", self.name))
    }

    /// `action` makes the broker refuse to create what is there, and to change what is not.
    fn consumer(&self, config: &Value, action: &str) -> (String, Value) {
        let filter = config["filter_subject"].as_str().unwrap_or_default();
        let subject = format!("CONSUMER.CREATE.{}.{}.{filter}", self.stream, self.name);
        (subject, json!({ "stream_name": self.stream, "config": config, "action": action }))
    }
}

/// What the broker's API calls a setting.
fn keys(setting: &'static str) -> Vec<&'static str> {
    match setting {
        "max_messages" => vec!["max_msgs"],
        "max_messages_per_subject" => vec!["max_msgs_per_subject"],
        "filter_subject" => vec!["filter_subject", "filter_subjects"],
        other => vec![other],
    }
}
