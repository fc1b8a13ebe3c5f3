//! Who may come in: tokens, or a proxy that is trusted.

use std::fmt;

use process::config::Environment;
use secrecy::{ExposeSecret as _, SecretString};

/// Who may do what.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// `VIEWER_TOKENS`: those who see.
    pub viewers: Vec<Token>,
    /// `OPERATOR_TOKENS`: those who act.
    pub operators: Vec<Token>,
    /// `PROXY_*`: a proxy that signs people in.
    pub proxy: Option<ProxySettings>,
    /// `READ_ONLY`: nobody acts.
    pub read_only: bool,
    /// `COOKIE_SECURE`: whether the session's cookie travels over HTTPS only.
    pub cookie_secure: bool,
}

/// A token, and whose it is. `Debug` does not show it.
#[derive(Clone)]
pub struct Token {
    /// Whose it is, as the audit has it.
    pub name: String,
    /// The token.
    pub secret: SecretString,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A proxy that signs people in, and says who they are.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// `PROXY_TOKEN`: by which it proves itself.
    pub token: SecretString,
    /// `PROXY_OPERATOR_GROUPS`: whose members act.
    pub operator_groups: Vec<String>,
}

/// As long as the hash that it is compared by, so that nobody finds it by trying.
const SHORTEST: usize = 32;
const LONGEST_NAME: usize = 64;
const FORM: &str = "is not a list of names and tokens; expected name:token, comma-separated, each name of letters, \
                    digits and . _ @ -, each token of at least 32 characters";

impl AccessSettings {
    pub(super) fn read(env: &mut Environment) -> Option<Self> {
        let viewers = env.optional_secret(
            "VIEWER_TOKENS",
            "who sees everything and changes nothing: `name:token`, comma-separated, each token at least 32 characters",
            check,
        );
        let operators = env.optional_secret(
            "OPERATOR_TOKENS",
            "who acts, as `VIEWER_TOKENS`; needed unless one of the others is set",
            check,
        );
        let proxy = read_proxy(env);
        let read_only = flag(env, "READ_ONLY", "whether nobody may act, whatever the token", "false");
        let cookie_secure = flag(
            env,
            "COOKIE_SECURE",
            "whether browsers send the cookies over HTTPS only; `false` on a laptop without it",
            "true",
        );
        let is_set = |env: &Environment| {
            ["VIEWER_TOKENS", "OPERATOR_TOKENS", "PROXY_TOKEN"].map(|name| env.is_set(name))
        };
        if is_set(env) == [false; 3] {
            env.mistake(
                "OPERATOR_TOKENS",
                "is missing, and so are VIEWER_TOKENS and PROXY_TOKEN: nobody could come in",
            );
        }
        let list = |secret: Option<SecretString>| {
            secret.map(|list| tokens(list.expose_secret())).unwrap_or_default()
        };
        let (viewers, operators) = (list(viewers), list(operators));
        if has_twins(&viewers, &operators) {
            env.mistake(
                "OPERATOR_TOKENS",
                "has a name or a token that is also elsewhere in it or in VIEWER_TOKENS",
            );
        }
        Some(Self { viewers, operators, proxy, read_only: read_only?, cookie_secure: cookie_secure? })
    }
}

fn read_proxy(env: &mut Environment) -> Option<ProxySettings> {
    let token = env.optional_secret(
        "PROXY_TOKEN",
        "by which a proxy that signs people in proves itself, in `X-Proxy-Token`; it names them in `X-Forwarded-User` and `X-Forwarded-Groups`",
        |token| {
            (token.len() >= SHORTEST).then_some(()).ok_or("is too short; expected at least 32 characters")
        },
    );
    let groups = env.or(
        "PROXY_OPERATOR_GROUPS",
        "the groups whose members act, comma-separated; whom else the proxy lets in only sees",
        "operators",
        |text| {
            let groups = text.split(',').map(str::trim).filter(|group| !group.is_empty());
            Ok::<_, String>(groups.map(str::to_owned).collect())
        },
    );
    Some(ProxySettings { token: token?, operator_groups: groups? })
}

fn flag(env: &mut Environment, name: &str, meaning: &'static str, default: &'static str) -> Option<bool> {
    env.or(name, meaning, default, |text| {
        text.parse::<bool>().map_err(|_| format!("`{text}` is not true or false"))
    })
}

fn check(list: &str) -> Result<(), &'static str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    let good = |piece: &str| {
        piece.trim().split_once(':').is_some_and(|(name, token)| {
            (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(legal) && token.len() >= SHORTEST
        })
    };
    list.split(',').all(good).then_some(()).ok_or(FORM)
}

/// What [`check`] has taken.
fn tokens(list: &str) -> Vec<Token> {
    let pairs = list.split(',').filter_map(|piece| piece.trim().split_once(':'));
    pairs.map(|(name, secret)| Token { name: name.to_owned(), secret: secret.into() }).collect()
}

/// An entry of the audit has to say who it was.
fn has_twins(viewers: &[Token], operators: &[Token]) -> bool {
    let all: Vec<&Token> = viewers.iter().chain(operators).collect();
    let same =
        |a: &Token, b: &Token| a.name == b.name || a.secret.expose_secret() == b.secret.expose_secret();
    all.iter().enumerate().any(|(at, one)| all[at + 1..].iter().any(|other| same(one, other)))
}
