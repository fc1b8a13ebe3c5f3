//! `<service> healthcheck`: asks the process beside it whether it is alive. For container runtimes that start a command to
//! know, in images without a shell.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Less than the time that runtimes allow by default.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks the process that listens on `HTTP_ADDR` for `/livez`. Not `/readyz`: some runtimes replace a container that is not healthy,
/// which brings no dependency back.
///
/// # Errors
/// When nobody answers in time, or the answer is not 200; with what it says.
pub(super) fn check(http_addr: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&reachable(http_addr), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body.trim_end());
    Err(io::Error::other(format!("/livez answers {status}: {body}")))
}

/// An address to listen on may be "any", which nobody can connect to.
fn reachable(http_addr: SocketAddr) -> SocketAddr {
    let ip = match http_addr.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, http_addr.port())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// What the check says of a server that answers so.
    fn check_against(answer: &'static str) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 64];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /livez "));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let checked = check(addr);
        server.join().unwrap();
        checked
    }

    #[test]
    fn a_live_process_is_healthy_and_a_dead_one_says_why_it_is_not() {
        check_against("HTTP/1.0 200 OK\r\n\r\nok\n").unwrap();
        let error =
            check_against("HTTP/1.0 503 Service Unavailable\r\n\r\nloop relay is silent\n").unwrap_err();
        assert_eq!(error.to_string(), "/livez answers 503: loop relay is silent");
        assert!(check_against("").is_err());
    }

    #[test]
    fn an_address_that_means_any_is_asked_on_loopback() {
        for (listened, asked) in
            [("0.0.0.0:3000", "127.0.0.1:3000"), ("[::]:3000", "[::1]:3000"), ("10.0.0.7:80", "10.0.0.7:80")]
        {
            assert_eq!(reachable(listened.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
