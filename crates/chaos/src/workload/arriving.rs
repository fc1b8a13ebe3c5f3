//! How people come: those without a session sign up.

use reqwest::Method;

use super::{
    http::{Pass, Reply},
    people::Somebody,
    stage::Stage,
};

/// Signs somebody up, again where the answer was lost. An address that is taken is their own then, and they sign in.
pub(super) async fn arrives(stage: &Stage, who: &Somebody) {
    let credentials = who.credentials();
    let mut path = "/api/users/signup";
    while !who.is_known() {
        match stage.http.ask(Method::POST, &stage.url(path), Pass::Nobody, Some(&credentials)).await {
            Reply::Done(answer) => answer.cookie.into_iter().for_each(|cookie| who.is_known_by(cookie)),
            Reply::Refused(400) => path = "/api/users/signin",
            Reply::Refused(_) | Reply::NotSent | Reply::Lost => {}
        }
        if !who.is_known() && !stage.tries_again().await {
            return;
        }
    }
}
