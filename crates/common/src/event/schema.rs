//! JSON Schemas of the types that read and write their own text; the others derive theirs.
//!
//! They stand in the documents of the events and of the HTTP APIs, and say what we write: readers take a little more.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::{Id, OrderStatus, Price, Timestamp};

impl ToSchema for Id {}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "The id of an order, a ticket, a user or a payment. New ones have the form of a Mongo ObjectId: 24 \
                 lowercase hex digits.",
            ))
            .pattern(Some(format!("^[A-Za-z0-9_-]{{1,{}}}$", Self::MAX_LEN)))
            .examples([json!("65c0a3f0c1d2e3f405162739")])
            .into()
    }
}

impl ToSchema for Price {}

impl PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(
                "An exact decimal, zero or from 0.000001 to 2^53 - 1, with at most 17 significant digits. Written as \
                 JavaScript prints a number: no exponent, no trailing zeros. A reader that calculates with it must \
                 not do so in binary floating point.",
            ))
            .minimum(Some(0_u32))
            .maximum(Some(Self::MAX_WHOLE))
            .examples([json!(20), json!(19.99)])
            .into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some(
                "An instant of UTC, RFC 3339 with exactly milliseconds, as JavaScript's `toISOString` writes it.",
            ))
            .pattern(Some(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"))
            .examples([json!("2026-01-31T12:00:00.000Z")])
            .into()
    }
}

impl ToSchema for OrderStatus {}

impl PartialSchema for OrderStatus {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "How far an order has come. `created`: placed and not yet paid. `awaiting:payment`: the buyer has \
                 begun to pay; it expires all the same. `complete`: paid; final. `cancelled`: expired, or cancelled \
                 by its buyer; final.",
            ))
            .enum_values(Some(Self::ALL.map(Self::as_str)))
            .examples([json!(Self::Created.as_str())])
            .into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn schema_of<T: ToSchema>() -> Value {
        serde_json::to_value(T::schema()).unwrap()
    }

    #[test]
    fn every_example_is_read_by_its_type_and_written_unchanged() {
        fn check<T: ToSchema + serde::Serialize + serde::de::DeserializeOwned>() {
            let schema = schema_of::<T>();
            for example in schema["examples"].as_array().unwrap() {
                let read: T = serde_json::from_str(&example.to_string()).unwrap();
                assert_eq!(serde_json::to_string(&read).unwrap(), example.to_string(), "{}", T::name());
            }
        }
        check::<Id>();
        check::<Price>();
        check::<Timestamp>();
        check::<OrderStatus>();
    }

    #[test]
    fn the_bounds_of_a_price_are_those_of_the_type() {
        let schema = schema_of::<Price>();
        for bound in ["minimum", "maximum"] {
            schema[bound].to_string().parse::<Price>().unwrap();
        }
        let above = schema["maximum"].as_u64().unwrap() + 1;
        assert!(above.to_string().parse::<Price>().is_err());
    }

    #[test]
    fn an_order_status_is_one_of_all_there_are() {
        assert_eq!(
            schema_of::<OrderStatus>()["enum"],
            json!(["created", "awaiting:payment", "complete", "cancelled"])
        );
    }
}
