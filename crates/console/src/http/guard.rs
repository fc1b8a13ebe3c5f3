//! Before every operation of the API: who asks is known, and no other site asks in their name. What is refused is audited.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    access::{Proof, Stranger, is_cross_site},
    app::App,
    failure::Failure,
};

/// Names of operations, by method and path.
pub(super) type OperationNames = HashMap<(String, String), String>;

/// What the guard knows.
#[derive(Clone)]
pub(super) struct Guard {
    app: App,
    names: Arc<OperationNames>,
}

impl Guard {
    pub(super) fn new(app: App, names: OperationNames) -> Self {
        Self { app, names: Arc::new(names) }
    }

    fn name(&self, request: &Request) -> &str {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let key = (request.method().as_str().to_owned(), path.to_owned());
        self.names.get(&key).map_or("unknown", String::as_str)
    }
}

pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let operation = guard.name(&request).to_owned();
    let (mut parts, body) = request.into_parts();
    let writes = !parts.method.is_safe();
    let known = guard.app.0.access.identify(&parts);
    if let Ok((actor, _)) = &known {
        tracing::Span::current().record("user", actor.name());
    }
    let refusal = match &known {
        _ if writes && is_cross_site(&parts.headers) => {
            Some(Failure::forbidden("Another site may not act here in your name"))
        }
        Err(stranger) => Some(Failure::unauthorized(stranger.to_string())),
        // A browser sends its cookie along, whoever has written the request.
        Ok((_, Proof::Session)) if writes => {
            Some(Failure::forbidden("The API acts by a token, not by the session of a page"))
        }
        Ok(_) => None,
    };
    if let Some(refusal) = refusal {
        // Who shows nothing at all tries nothing: a browser that comes for the first time.
        if known.as_ref().err() != Some(&Stranger::Unproven) || writes {
            let actor = known.as_ref().ok().map(|(actor, _)| actor);
            guard.app.refused(actor, &parts, &operation, &refusal.to_string()).await;
        }
        return refusal.into_response();
    }
    if let Ok((actor, _)) = known {
        parts.extensions.insert(actor);
    }
    next.run(Request::from_parts(parts, body)).await
}
