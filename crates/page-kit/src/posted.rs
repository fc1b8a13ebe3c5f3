//! What a form sent.

use std::convert::Infallible;

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};

/// What a form sent, of at most `LONGEST` bytes. Fields that are not there are empty, and so are all of one that can't be read.
#[derive(Clone, Debug, Default)]
pub struct Posted<const LONGEST: usize = 16_384> {
    fields: Vec<(String, String)>,
    unreadable: Option<StatusCode>,
}

impl<const LONGEST: usize> Posted<LONGEST> {
    /// What was typed into a field.
    ///
    /// Only what [`Forms::check`](crate::Forms::check) has taken may have an effect.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All that was typed, to show it again.
    pub fn into_fields(self) -> Vec<(String, String)> {
        self.fields
    }

    /// The status that says why it can't be read.
    pub(crate) const fn unreadable(&self) -> Option<StatusCode> {
        self.unreadable
    }

    #[cfg(test)]
    pub(crate) fn of(name: &str, value: &str) -> Self {
        Self { fields: vec![(name.to_owned(), value.to_owned())], unreadable: None }
    }
}

impl<S: Send + Sync, const LONGEST: usize> FromRequest<S> for Posted<LONGEST> {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(match fields(request, LONGEST).await {
            Ok(fields) => Self { fields, unreadable: None },
            Err(status) => Self { fields: Vec::new(), unreadable: Some(status) },
        })
    }
}

async fn fields(request: Request, longest: usize) -> Result<Vec<(String, String)>, StatusCode> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = to_bytes(request.into_body(), longest).await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    async fn posted(kind: &str, body: String) -> Posted<20> {
        let request = Request::post("/").header("content-type", kind).body(Body::from(body)).unwrap();
        let Ok(posted) = Posted::from_request(request, &()).await;
        posted
    }

    #[tokio::test]
    async fn fields_are_decoded_and_those_that_are_not_there_are_empty() {
        let posted = posted("application/x-www-form-urlencoded", "a=x+%3C&b=".to_owned()).await;
        assert_eq!((posted.text("a"), posted.text("b"), posted.text("c")), ("x <", "", ""));
        assert_eq!(posted.unreadable(), None);
    }

    #[tokio::test]
    async fn what_is_too_long_or_no_form_says_so() {
        let long = posted("application/x-www-form-urlencoded", format!("a={}", "x".repeat(30))).await;
        assert_eq!((long.unreadable(), long.text("a")), (Some(StatusCode::PAYLOAD_TOO_LARGE), ""));
        let json = posted("application/json", "{}".to_owned()).await;
        assert_eq!(json.unreadable(), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
}
