//! A shop that speaks to the stand-in with an HTTP client of its own.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use stripe_stand_in::{Builder, StandIn};

pub(crate) const KEY: &str = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Parameters of a request.
pub(crate) type Params<'a> = &'a [(&'a str, &'a str)];

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer of a request that is to succeed.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// The error of a request that is to fail so.
    #[track_caller]
    pub(crate) fn error(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body["error"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// One stand-in and a client of it.
pub(crate) struct Shop {
    pub(crate) stripe: StandIn,
    pub(crate) client: Client,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(StandIn::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(LIMIT).build().unwrap();
        Self { stripe: builder.start().await.unwrap(), client }
    }

    pub(crate) fn request(&self, method: Method, path: &str, params: Params<'_>) -> RequestBuilder {
        let url = format!("{}{path}", self.stripe.url());
        if method == Method::GET {
            return self.client.get(format!("{url}?{}", encoded(params))).bearer_auth(KEY);
        }
        let request = self.client.request(method, url).bearer_auth(KEY);
        request.header("content-type", "application/x-www-form-urlencoded").body(encoded(params))
    }

    pub(crate) async fn get(&self, path: &str, params: Params<'_>) -> Answer {
        send(self.request(Method::GET, path, params)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, params: Params<'_>) -> Answer {
        send(self.request(Method::POST, path, params)).await.unwrap()
    }

    /// A request under an idempotency key, which may get no answer.
    pub(crate) async fn keyed(&self, key: &str, path: &str, params: Params<'_>) -> reqwest::Result<Answer> {
        send(self.request(Method::POST, path, params).header("idempotency-key", key)).await
    }

    /// An intent of 20 dollars that this token pays at once.
    pub(crate) async fn pay(&self, capture_method: &str, token: &str) -> Answer {
        self.post("/v1/payment_intents", &confirmed(capture_method, token)).await
    }

    /// The id of an intent that holds 20 dollars.
    pub(crate) async fn authorised(&self) -> String {
        let intent = self.pay("manual", "tok_visa").await.ok();
        assert_eq!(intent["status"], "requires_capture");
        id(&intent)
    }

    /// The id of an intent that took 20 dollars.
    pub(crate) async fn captured(&self) -> String {
        let intent = self.authorised().await;
        self.post(&format!("/v1/payment_intents/{intent}/capture"), &[]).await.ok();
        intent
    }

    pub(crate) async fn intent(&self, id: &str) -> Value {
        self.get(&format!("/v1/payment_intents/{id}"), &[]).await.ok()
    }

    /// The types of the events about these objects, in their order.
    pub(crate) fn told(&self, about: &[&str]) -> Vec<&'static str> {
        let events = self.stripe.events().into_iter();
        events.filter(|event| about.contains(&event.object.as_str())).map(|event| event.kind).collect()
    }
}

/// The parameters of an intent of 20 dollars that is confirmed with this token.
pub(crate) fn confirmed<'a>(capture_method: &'a str, token: &'a str) -> [(&'a str, &'a str); 9] {
    [
        ("amount", "2000"),
        ("currency", "usd"),
        ("capture_method", capture_method),
        ("confirm", "true"),
        ("payment_method_types[]", "card"),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][token]", token),
        ("metadata[order]", "o 1"),
        ("description", "A ticket & more"),
    ]
}

pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().expect("an object with an id").to_owned()
}

pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.json().await? })
}

pub(crate) fn encoded(params: Params<'_>) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> =
        params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
