//! The process under test: this very executable, started again as a small service.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Far more than anything here takes; only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Child {
    pid: Pid,
    events: Receiver<Event>,
    seen: Vec<String>,
    ended: bool,
}

enum Event {
    Line(String),
    Ended(ExitStatus, String),
}

impl Child {
    /// Starts this executable's test `the_service` with nothing but `variables` in its environment.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "life::the_service", "--nocapture"])
            .env_clear()
            .env("HTTP_ADDR", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let (sender, events) = mpsc::channel();
        thread::spawn(move || follow(&mut child, &sender));
        Self { pid, events, seen: Vec::new(), ended: false }
    }

    /// Waits for a log line whose message contains `text`.
    pub(crate) fn log(&mut self, text: &str) -> Value {
        loop {
            match self.next(text) {
                // The test harness writes to the same stream, also at the beginning of a line.
                Event::Line(line) => {
                    let json = line.find('{').and_then(|at| serde_json::from_str::<Value>(&line[at..]).ok());
                    self.seen.push(line);
                    let found =
                        json.filter(|json| json["message"].as_str().is_some_and(|it| it.contains(text)));
                    if let Some(json) = found {
                        return json;
                    }
                }
                Event::Ended(status, stderr) => panic!("{status} before {text:?}; {}", self.story(&stderr)),
            }
        }
    }

    /// Waits until the process serves, and says where.
    pub(crate) fn addr(&mut self) -> SocketAddr {
        self.log("serving HTTP on")["addr"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits for the end of the process: its exit status, everything it logged and what it wrote to stderr.
    pub(crate) fn end(mut self) -> (i32, String, String) {
        loop {
            match self.next("the end") {
                Event::Line(line) => self.seen.push(line),
                Event::Ended(status, stderr) => {
                    let code = status.code().unwrap_or_else(|| panic!("{status}; {}", self.story(&stderr)));
                    return (code, self.seen.join("\n"), stderr);
                }
            }
        }
    }

    fn next(&mut self, awaited: &str) -> Event {
        let event = match self.events.recv_timeout(PATIENCE) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => {
                panic!("no {awaited:?} within {PATIENCE:?}; {}", self.story(""))
            }
            Err(RecvTimeoutError::Disconnected) => panic!("the process ended before; {}", self.story("")),
        };
        self.ended = matches!(event, Event::Ended(..));
        event
    }

    fn story(&self, stderr: &str) -> String {
        format!("stdout:\n{}\nstderr:\n{stderr}", self.seen.join("\n"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

/// Tells every line of stdout, and then how the process ended and what it wrote to stderr.
fn follow(child: &mut std::process::Child, sender: &Sender<Event>) {
    let mut stderr = child.stderr.take().unwrap();
    let errors = thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let _ = sender.send(Event::Line(line));
    }
    let status = child.wait().unwrap();
    let _ = sender.send(Event::Ended(status, errors.join().unwrap()));
}
