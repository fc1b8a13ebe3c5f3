//! `/auth/signin` and `/auth/signup`. Both keep the way back to where one was.

use axum::{
    extract::State,
    http::{StatusCode, header::SET_COOKIE},
    response::Response,
};
use maud::html;
use page_kit::Posted;

use super::{
    field::{Errors, Field},
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::{Cookies, Credentials, Failure},
    shop::Shop,
    visit::Visit,
    way_back::WayBack,
};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SignIn,
    SignUp,
}

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/auth/signin",
            Self::SignUp => "/auth/signup",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Sign in",
            Self::SignUp => "Sign up",
        }
    }
}

/// `GET /auth/signin`
pub(crate) async fn show_sign_in(State(shop): State<Shop>, visit: Visit) -> Response {
    show(shop, visit, Kind::SignIn).await
}

/// `GET /auth/signup`
pub(crate) async fn show_sign_up(State(shop): State<Shop>, visit: Visit) -> Response {
    show(shop, visit, Kind::SignUp).await
}

/// `POST /auth/signin`
pub(crate) async fn sign_in(State(shop): State<Shop>, visit: Visit, posted: Posted) -> Response {
    send(shop, visit, posted, Kind::SignIn).await
}

/// `POST /auth/signup`
pub(crate) async fn sign_up(State(shop): State<Shop>, visit: Visit, posted: Posted) -> Response {
    send(shop, visit, posted, Kind::SignUp).await
}

async fn show(shop: Shop, visit: Visit, kind: Kind) -> Response {
    let view = View::open(shop, visit).await;
    let way = WayBack::read(view.visit.query("next").as_deref());
    if view.who.is_user() {
        return see(way.as_str());
    }
    page(&view, kind, &way, "", StatusCode::OK, &Errors::default())
}

async fn send(shop: Shop, visit: Visit, posted: Posted, kind: Kind) -> Response {
    let view = View::open(shop, visit).await;
    let way = WayBack::read(Some(posted.text("next")));
    let email = posted.text("email");
    let again = |text: &str| page(&view, kind, &way, email, StatusCode::FORBIDDEN, &Errors::notice(text));
    if let Err(response) = view.check(&posted, again) {
        return *response;
    }
    let credentials = Credentials { email, password: posted.text("password") };
    let sent = match kind {
        Kind::SignIn => view.shop.apis.sign_in(&view.visit, &credentials).await,
        Kind::SignUp => sign_up_or_in(&view, &credentials).await,
    };
    let (status, errors) = match sent {
        Ok(cookies) => {
            let mut response = see(way.as_str());
            response.headers_mut().extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
            return response;
        }
        Err(Failure::Away { .. }) => {
            let text = "Signing in and up is not available at the moment. Please try again.";
            (StatusCode::SERVICE_UNAVAILABLE, Errors::notice(text))
        }
        Err(failure) => match Errors::of(&failure) {
            Some(errors) => (StatusCode::BAD_REQUEST, errors),
            None => return view.failed(&failure, "/"),
        },
    };
    page(&view, kind, &way, email, status, &errors)
}

/// Who sends the form twice has an account by the first, and is signed in by the second: its password proves that it is the
/// same person.
async fn sign_up_or_in(view: &View, credentials: &Credentials<'_>) -> Result<Cookies, Failure> {
    let refused = match view.shop.apis.sign_up(&view.visit, credentials).await {
        // Not for what is wrong with a field: that account is not there.
        Err(Failure::Refused(errors)) if errors.iter().all(|error| error.field.is_none()) => errors,
        answered => return answered,
    };
    let signed_in = view.shop.apis.sign_in(&view.visit, credentials).await;
    signed_in.map_err(|_| Failure::Refused(refused))
}

fn page(
    view: &View,
    kind: Kind,
    way: &WayBack,
    email: &str,
    status: StatusCode,
    errors: &Errors,
) -> Response {
    let email = Field {
        name: "email",
        label: "E-mail address",
        kind: "email",
        autocomplete: "username",
        value: email,
        hint: None,
        longest: Some(254),
        inputmode: None,
    };
    let is_new = kind == Kind::SignUp;
    let password = Field {
        name: "password",
        label: "Password",
        kind: "password",
        autocomplete: if is_new { "new-password" } else { "current-password" },
        value: "",
        hint: is_new.then_some("4 to 128 characters"),
        longest: None,
        inputmode: None,
    };
    let body = html! {
        section.card.narrow {
            h1 { (kind.title()) }
            @if !way.is_home() { p.hint { "Then you go on where you were." } }
            (errors.summary(&["email", "password"]))
            form method="post" action=(kind.path()) novalidate {
                (view.token())
                input type="hidden" name="next" value=(way.as_str());
                (email.shown(errors))
                (password.shown(errors))
                p.actions { button.big { (kind.title()) } }
            }
            @match kind {
                Kind::SignIn => p { "New here? " a href=(way.on("/auth/signup")) { "Sign up" } },
                Kind::SignUp => p { "Have you been here before? " a href=(way.on("/auth/signin")) { "Sign in" } },
            }
        }
    };
    view.answer(status, &Page::new(kind.title(), body))
}
