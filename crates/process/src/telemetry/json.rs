//! One flat JSON object an event: what log collectors index without a rule of their own.
//!
//! Ours, because `tracing_subscriber`'s nests fields and spans, and the libraries for flat ones write a field twice where
//! names clash.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

use common::clock;

/// Writes `timestamp`, `level`, `service`, `target` and `message` in that order, then the fields of the event and of
/// the spans around it. On a clash the innermost wins; a field that has one of the five names gets a `field.` before it.
pub(super) struct FlatJson {
    pub(super) service: &'static str,
}

const RESERVED: [&str; 4] = ["timestamp", "level", "service", "target"];

impl<S> FormatEvent<S, JsonFields> for FlatJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in ctx.event_scope().into_iter().flatten() {
            if let Some(formatted) = span.extensions().get::<FormattedFields<JsonFields>>() {
                fields.add_outer(formatted);
            }
        }
        let metadata = event.metadata();
        write!(writer, "{{\"timestamp\":{}", quoted(&clock::now_rfc3339()))?;
        write!(writer, ",\"level\":{}", quoted(metadata.level().as_str()))?;
        write!(writer, ",\"service\":{}", quoted(self.service))?;
        write!(writer, ",\"target\":{}", quoted(metadata.target()))?;
        write!(writer, ",\"message\":{}", quoted(&fields.message))?;
        for (name, value) in &fields.others {
            write!(writer, ",{}:{value}", quoted(name))?;
        }
        writeln!(writer, "}}")
    }
}

fn quoted(text: &str) -> Value {
    Value::from(text)
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => {
                self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            }
            name => {
                self.others.insert(unreserved(name.strip_prefix("r#").unwrap_or(name)), value);
            }
        }
    }

    /// The fields of a span, which the layer keeps as JSON text.
    fn add_outer(&mut self, formatted: &str) {
        let Ok(Value::Object(outer)) = serde_json::from_str(formatted) else { return };
        for (name, value) in outer {
            let name = if name == "message" { "field.message".to_owned() } else { unreserved(&name) };
            self.others.entry(name).or_insert(value);
        }
    }
}

fn unreserved(name: &str) -> String {
    if RESERVED.contains(&name) { format!("field.{name}") } else { name.to_owned() }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing::{info, info_span, warn};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(act: impl FnOnce()) -> Map<String, Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(FlatJson { service: "orders" })
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "not one line: {text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_is_flat_and_begins_with_what_every_line_has() {
        let line = logged(|| warn!(order = "o-1", attempt = 3, late = true, "a \"quoted\"\nmessage {}", 7));
        let time = line["timestamp"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["service"], "orders");
        assert_eq!(line["target"], "process::telemetry::json::tests");
        assert_eq!(line["message"], "a \"quoted\"\nmessage 7");
        assert_eq!(
            (&line["order"], &line["attempt"], &line["late"]),
            (&"o-1".into(), &3.into(), &true.into())
        );
    }

    #[test]
    fn the_fields_of_the_spans_around_are_there_and_the_innermost_wins() {
        let line = logged(|| {
            let _consumer =
                info_span!("consumer", consumer = "orders-x", batch = 1, step = "outer").entered();
            let _event = info_span!("event", batch = 2).entered();
            info!(step = "inner", "done");
        });
        assert_eq!(line["consumer"], "orders-x");
        assert_eq!(line["batch"], 2);
        assert_eq!(line["step"], "inner");
    }

    #[test]
    fn a_field_cannot_take_the_place_of_what_every_line_has() {
        let line = logged(|| {
            let _span = info_span!("span", service = "forged", message = "outer").entered();
            info!(level = "forged", "real");
        });
        assert_eq!((&line["service"], &line["level"]), (&"orders".into(), &"INFO".into()));
        assert_eq!((&line["message"], &line["field.message"]), (&"real".into(), &"outer".into()));
        assert_eq!((&line["field.service"], &line["field.level"]), (&"forged".into(), &"forged".into()));
    }
}
