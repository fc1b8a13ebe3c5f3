//! What a page's tab has seen: answers with their sizes, and what the browser complained about.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use serde_json::{Value, json};

use super::launch::Chromium;

/// The kind of an answer that is a page.
const DOCUMENT: &str = "Document";

/// An answer that the browser got.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whole.
    pub url: String,
    /// `Document`, `Stylesheet`, `Script`, `Image`, `EventSource` ...
    pub kind: String,
    /// Of HTTP.
    pub status: u16,
    /// As they came over the network: compressed, with the header lines. 0 when the browser's cache had it.
    pub bytes: u64,
    /// Whether all of it is there.
    pub complete: bool,
    id: String,
}

/// Something that is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// Something that the page's Content-Security-Policy forbids.
    Policy(String),
    /// An error that a script threw or wrote to the console.
    Script(String),
    /// A dialog that a script opened, as one would that came in with a title. It was closed.
    Dialog(String),
    /// A part of the page, not the page itself, that could not be had.
    Missing {
        /// Whole.
        url: String,
        /// Why.
        text: String,
    },
    /// Anything else in the log of the browser that is an error.
    Log(String),
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(text) => write!(f, "against the policy: {text}"),
            Self::Script(text) => write!(f, "an error of a script: {text}"),
            Self::Dialog(text) => write!(f, "a dialog: {text}"),
            Self::Missing { url, text } => write!(f, "{url} is missing: {text}"),
            Self::Log(text) => write!(f, "an error in the log: {text}"),
        }
    }
}

/// All of it, since the tab was opened or was told to forget.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answers: Vec<Answer>,
    pub(super) complaints: Vec<Complaint>,
}

/// Shared by the thread that hears and whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the events of a session of this Chromium.
    pub(super) fn begin(&self, chromium: &Arc<Chromium>, session: &str) {
        let (seen, own, weak) = (self.clone(), session.to_owned(), Arc::downgrade(chromium));
        let hear = move |method: &str, params: &Value| seen.hear(method, params, &weak, &own);
        chromium.listen(session, Box::new(hear));
    }

    fn hear(&self, method: &str, params: &Value, chromium: &Weak<Chromium>, session: &str) {
        if let Some(complaint) = complaint(method, params) {
            self.seen().complaints.push(complaint);
        }
        match method {
            "Network.requestWillBeSent" => self.seen().leads_on(params),
            "Network.responseReceived" => self.seen().begins(params),
            "Network.dataReceived" => self.seen().grows(params),
            "Network.loadingFinished" => self.seen().ends(params),
            // A dialog stops the page until somebody answers.
            "Page.javascriptDialogOpening" => {
                if let Some(chromium) = chromium.upgrade() {
                    let _ = chromium.tell(
                        Some(session),
                        "Page.handleJavaScriptDialog",
                        &json!({ "accept": false }),
                    );
                }
            }
            _ => {}
        }
    }
}

impl Seen {
    /// What is wrong. A page that is an error is what was asked for.
    pub(super) fn wrong(&self) -> Vec<Complaint> {
        let is_page =
            |wanted: &str| self.answers.iter().any(|answer| answer.kind == DOCUMENT && answer.url == wanted);
        let wrong = |complaint: &&Complaint| match complaint {
            Complaint::Missing { url, .. } => !is_page(url),
            _ => true,
        };
        self.complaints.iter().filter(wrong).cloned().collect()
    }

    fn begins(&mut self, params: &Value) {
        self.answers.push(answer(params, &params["response"], false));
    }

    /// A redirect is told only with the request that it leads to.
    fn leads_on(&mut self, params: &Value) {
        if let Some(response) = params.get("redirectResponse") {
            self.answers.push(answer(params, response, true));
        }
    }

    fn grows(&mut self, params: &Value) {
        if let Some(answer) = self.answer(params) {
            answer.bytes += number(&params["encodedDataLength"]);
        }
    }

    /// The sum that is told in the end counts header lines and what was not told in between.
    fn ends(&mut self, params: &Value) {
        if let Some(answer) = self.answer(params) {
            answer.complete = true;
            answer.bytes = number(&params["encodedDataLength"]);
        }
    }

    fn answer(&mut self, params: &Value) -> Option<&mut Answer> {
        let id = params["requestId"].as_str()?;
        self.answers.iter_mut().rev().find(|answer| answer.id == id)
    }
}

fn answer(params: &Value, response: &Value, complete: bool) -> Answer {
    Answer {
        url: text(&response["url"]),
        kind: text(&params["type"]),
        status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
        bytes: number(&response["encodedDataLength"]),
        complete,
        id: text(&params["requestId"]),
    }
}

fn complaint(method: &str, params: &Value) -> Option<Complaint> {
    match method {
        "Audits.issueAdded" if params["issue"]["code"] == "ContentSecurityPolicyIssue" => {
            Some(Complaint::Policy(params["issue"]["details"].to_string()))
        }
        "Runtime.exceptionThrown" => Some(Complaint::Script(exception(&params["exceptionDetails"]))),
        "Runtime.consoleAPICalled" if params["type"] == "error" => {
            Some(Complaint::Script(params["args"].to_string()))
        }
        "Page.javascriptDialogOpening" => Some(Complaint::Dialog(text(&params["message"]))),
        "Log.entryAdded" if params["entry"]["level"] == "error" => entry(&params["entry"]),
        _ => None,
    }
}

/// What an exception says, with its stack.
pub(super) fn exception(details: &Value) -> String {
    let description = details["exception"]["description"].as_str();
    description.map_or_else(|| text(&details["text"]), str::to_owned)
}

fn entry(entry: &Value) -> Option<Complaint> {
    let (text, url) = (text(&entry["text"]), text(&entry["url"]));
    match entry["source"].as_str() {
        // Told a second time, with its details, as an issue.
        Some("security") => None,
        Some("network") => Some(Complaint::Missing { url, text }),
        _ => Some(Complaint::Log(format!("{text} {url}"))),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    // Chromium writes sizes as floating point.
    value.as_f64().filter(|number| *number > 0.0).map_or(0, |number| number as u64)
}
