//! A pooler in front of Postgres that lends its one session for a transaction at a time, as PgBouncer does in transaction
//! mode, and like it refuses start-up parameters that it does not know.
//!
//! Protocol: <https://www.postgresql.org/docs/current/protocol-flow.html>

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};

/// A running pooler; gone when dropped.
#[derive(Debug)]
pub struct TransactionPooler {
    url: String,
    accepting: JoinHandle<()>,
}

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const KNOWN: [&str; 6] = ["user", "database", "client_encoding", "datestyle", "timezone", "application_name"];

impl TransactionPooler {
    /// Starts one in front of the database with this address, `postgres://postgres@127.0.0.1:<port>/<name>`.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub async fn start(database_url: &str) -> Result<Self> {
        let rest =
            database_url.strip_prefix("postgres://postgres@").context("an address of the testkit's")?;
        let (address, name) = rest.split_once('/').context("an address with a database")?;
        let (session, greeting) = connect(address, name).await.context("connect the pooler to Postgres")?;
        let session = Arc::new(Mutex::new(session));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("postgres://postgres@{}/{name}", listener.local_addr()?);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (session, greeting) = (Arc::clone(&session), greeting.clone());
                tokio::spawn(async move { serve(client, &session, &greeting).await });
            }
        });
        Ok(Self { url, accepting })
    }

    /// As the address of the database, through the pooler.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TransactionPooler {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Opens the session, and keeps what the server says at its start for the clients.
async fn connect(address: &str, name: &str) -> Result<(TcpStream, Vec<u8>)> {
    let mut session = TcpStream::connect(address).await?;
    let parameters = format!("user\0postgres\0database\0{name}\0\0");
    let mut startup = (parameters.len() as u32 + 8).to_be_bytes().to_vec();
    startup.extend(196_608_u32.to_be_bytes());
    startup.extend(parameters.as_bytes());
    session.write_all(&startup).await?;
    let mut greeting = Vec::new();
    loop {
        let frame = frame(&mut session).await?;
        greeting.extend(&frame);
        match frame[0] {
            b'Z' => return Ok((session, greeting)),
            b'E' => bail!("refused: {}", String::from_utf8_lossy(&frame)),
            _ => {}
        }
    }
}

async fn serve(mut client: TcpStream, session: &Mutex<TcpStream>, greeting: &[u8]) -> Result<()> {
    if let Some(unknown) = unknown_parameter(&mut client).await? {
        let text = format!("SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: {unknown}\0\0");
        let mut error = vec![b'E'];
        error.extend((text.len() as u32 + 4).to_be_bytes());
        error.extend(text.as_bytes());
        client.write_all(&error).await?;
        return Ok(());
    }
    client.write_all(greeting).await?;
    loop {
        let mut request = frame(&mut client).await?;
        let mut session = session.lock().await;
        // Until a transaction is over, nobody else gets the session.
        loop {
            if request[0] == b'X' {
                return Ok(());
            }
            session.write_all(&request).await?;
            if matches!(request[0], b'Q' | b'S') && answer(&mut session, &mut client).await? == b'I' {
                break;
            }
            request = frame(&mut client).await?;
        }
    }
}

/// Passes on what the server answers, and says in which state it is then: `I` is outside of a transaction.
async fn answer(session: &mut TcpStream, client: &mut TcpStream) -> Result<u8> {
    loop {
        let frame = frame(session).await?;
        client.write_all(&frame).await?;
        if frame[0] == b'Z' {
            return Ok(frame[5]);
        }
    }
}

/// Reads the start of a client, and the first parameter in it that is not known.
async fn unknown_parameter(client: &mut TcpStream) -> Result<Option<String>> {
    loop {
        let length = client.read_u32().await? as usize;
        let mut body = vec![0; length.saturating_sub(4)];
        client.read_exact(&mut body).await?;
        let code = u32::from_be_bytes(body[..4].try_into()?);
        if matches!(code, SSL_REQUEST | GSS_REQUEST) {
            client.write_all(b"N").await?;
            continue;
        }
        let text = String::from_utf8_lossy(&body[4..]).to_lowercase();
        let mut parts = text.split('\0');
        while let (Some(name), Some(_)) = (parts.next(), parts.next()) {
            if !name.is_empty() && !KNOWN.contains(&name) {
                return Ok(Some(name.to_owned()));
            }
        }
        return Ok(None);
    }
}

/// One message: its type, its length, its body.
async fn frame(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut frame = vec![0; length + 1];
    frame[..5].copy_from_slice(&head);
    stream.read_exact(&mut frame[5..]).await?;
    Ok(frame)
}
