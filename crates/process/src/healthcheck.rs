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
    let mut stream = connect(http_addr)?;
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

fn connect(http_addr: SocketAddr) -> io::Result<TcpStream> {
    let mut failure = None;
    for ip in reachable(http_addr.ip()) {
        match TcpStream::connect_timeout(&SocketAddr::new(ip, http_addr.port()), LIMIT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// An address to listen on may be "any", which nobody can connect to. That of IPv6 is IPv4's on a host without it.
fn reachable(ip: IpAddr) -> Vec<IpAddr> {
    match ip {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => vec![Ipv4Addr::LOCALHOST.into()],
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()],
        ip => vec![ip],
    }
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
            [("0.0.0.0", &["127.0.0.1"][..]), ("::", &["::1", "127.0.0.1"]), ("10.0.0.7", &["10.0.0.7"])]
        {
            let asked: Vec<IpAddr> = asked.iter().map(|ip| ip.parse().unwrap()).collect();
            assert_eq!(reachable(listened.parse().unwrap()), asked);
        }
    }
}
