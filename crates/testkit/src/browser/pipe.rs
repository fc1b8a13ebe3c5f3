//! The DevTools protocol: commands one way, answers and events the other, each a JSON text that ends with a zero byte.

use std::{
    collections::HashMap,
    fmt,
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::timeout};

/// More than any command takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Hears the events of one session; called on the thread that reads, so it must not wait.
pub(super) type Listener = Box<dyn Fn(&str, &Value) + Send>;

/// Both pipes.
pub(super) struct Pipe {
    commands: Mutex<ChildStdin>,
    next: AtomicU64,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    listeners: HashMap<String, Listener>,
    closed: bool,
}

impl Pipe {
    /// Starts the thread that reads; it ends with the pipe. Tests of several runtimes may use one pipe that way.
    pub(super) fn new(commands: ChildStdin, answers: ChildStdout) -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let reading = shared.clone();
        std::thread::spawn(move || read(answers, &reading));
        Self { commands: Mutex::new(commands), next: AtomicU64::new(1), shared }
    }

    /// Gives a command and waits for its answer.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let (sender, answer) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut shared = lock(&self.shared);
            if shared.closed {
                bail!("{method}: Chromium has ended");
            }
            shared.waiting.insert(id, sender);
        }
        self.write(id, session, method, &params)?;
        let mut answer = timeout(PATIENCE, answer)
            .await
            .map_err(|_| anyhow!("{method} has no answer after {PATIENCE:?}"))?
            .with_context(|| format!("{method}: Chromium has ended"))?;
        match answer.get("error") {
            Some(error) => bail!("{method}: {}", error["message"].as_str().unwrap_or("refused")),
            None => Ok(answer["result"].take()),
        }
    }

    /// Gives a command whose answer is of no interest.
    pub(super) fn tell(&self, session: Option<&str>, method: &str, params: &Value) -> Result<()> {
        self.write(self.next.fetch_add(1, Ordering::Relaxed), session, method, params)
    }

    /// Has the events of a session heard from now on.
    pub(super) fn listen(&self, session: &str, listener: Listener) {
        lock(&self.shared).listeners.insert(session.to_owned(), listener);
    }

    /// The session is over.
    pub(super) fn forget(&self, session: &str) {
        lock(&self.shared).listeners.remove(session);
    }

    fn write(&self, id: u64, session: Option<&str>, method: &str, params: &Value) -> Result<()> {
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        lock(&self.commands).write_all(&text).with_context(|| format!("{method}: tell Chromium"))
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}

fn read(answers: ChildStdout, shared: &Mutex<Shared>) {
    let mut answers = BufReader::new(answers);
    let mut text = Vec::new();
    while answers.read_until(0, &mut text).is_ok_and(|length| length > 0) {
        text.pop();
        if let Ok(message) = serde_json::from_slice(&text) {
            hear(message, shared);
        }
        text.clear();
    }
    let mut shared = lock(shared);
    shared.closed = true;
    // Whoever waits hears of the end.
    shared.waiting.clear();
}

fn hear(message: Value, shared: &Mutex<Shared>) {
    let mut shared = lock(shared);
    if let Some(id) = message["id"].as_u64() {
        if let Some(waiting) = shared.waiting.remove(&id) {
            // One that no longer waits has been dropped.
            let _ = waiting.send(message);
        }
        return;
    }
    let (Some(session), Some(method)) = (message["sessionId"].as_str(), message["method"].as_str()) else {
        return;
    };
    if let Some(listener) = shared.listeners.get(session) {
        listener(method, &message["params"]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
