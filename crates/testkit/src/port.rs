//! Free TCP ports that stay ours while their server is down.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::PathBuf,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use tokio::net::TcpSocket;

/// Below the ports that the kernel gives to outgoing connections. In that range a client which retries a server
/// that is down can be given the server's own port, and then is connected to itself.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port on loopback that no other process with this crate will take until this is dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reserved: File,
}

impl Port {
    /// Takes a port that nobody listens on.
    pub fn take() -> Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let directory = directory()?;
        // Processes start far apart, so that they seldom meet.
        let start = (process::id() % u32::from(COUNT)) as u16;
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = FIRST + ((u32::from(start) * 37 + u32::from(step)) % u32::from(COUNT)) as u16;
            let path = directory.join(number.to_string());
            let file = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .with_context(|| format!("reserve a port in {}", path.display()))?;
            if file.try_lock().is_ok() && probe(number).is_some() {
                return Ok(Self { number, _reserved: file });
            }
        }
        bail!("no port between {FIRST} and {} is free", FIRST + COUNT - 1)
    }

    /// The port itself.
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Binds the port if nobody listens on it. It does not listen itself: a child that another thread starts at this moment has a copy of
/// every socket until its program is loaded, and a copy that listened would keep the port from its server.
fn probe(number: u16) -> Option<TcpSocket> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_reuseaddr(true).ok()?;
    socket.bind((Ipv4Addr::LOCALHOST, number).into()).ok()?;
    Some(socket)
}

/// A free TCP port on loopback, ours until this process ends.
///
/// # Errors
/// When every port of the range is taken or the temporary directory can't be written.
pub fn free_port() -> Result<u16> {
    static TAKEN: Mutex<Vec<Port>> = Mutex::new(Vec::new());
    let port = Port::take()?;
    let number = port.number();
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).push(port);
    Ok(number)
}

fn directory() -> Result<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("testkit-ports-{user}"));
    fs::create_dir_all(&path).with_context(|| format!("make the directory {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_free_for_its_server_while_a_child_still_has_a_copy_of_the_probe() {
        let port = Port::take().unwrap();
        let copy = probe(port.number());
        assert!(copy.is_some());
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
        assert!(probe(port.number()).is_none(), "somebody listens");
        drop((server, copy));
        assert!(probe(port.number()).is_some());
    }
}
