//! The smallest service that the spawner can start: says who it is, answers `/readyz`, and `/time` with the time that it
//! believes it is, ends on SIGTERM.

use std::io::Write as _;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variable = |name| testkit::paths::variable(name).map(|value| value.to_string_lossy().into_owned());
    let greeting = variable("GREETING").unwrap_or_default();
    let mut out = std::io::stdout();
    writeln!(out, "greeting={greeting} home={}", variable("HOME").unwrap_or_default())?;
    let listener = TcpListener::bind(variable("HTTP_ADDR").unwrap_or_default()).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = terminated.recv() => break,
            accepted = listener.accept() => {
                let (mut stream, _) = accepted?;
                let mut request = [0; 1024];
                let length = stream.read(&mut request).await?;
                let asked = |path: &str| request[..length].starts_with(format!("GET {path} ").as_bytes());
                let status = if asked("/readyz") || asked("/time") { "200 OK" } else { "404 Not Found" };
                let time = asked("/time").then(time);
                let body = time.as_ref().unwrap_or(&greeting);
                let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await?;
            }
        }
    }
    writeln!(out, "drained")?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "nothing here is part of a service")]
fn time() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64().to_string()
}
