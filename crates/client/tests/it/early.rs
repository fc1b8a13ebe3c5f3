//! Answers that come before the body was read: over a plain connection, as a proxy in front keeps one.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::Setup;

/// What a form of so many bytes is answered, and whether the connection ends as it should and not by a reset.
async fn answered(url: &str, length: usize, more: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    let head = format!(
        "POST /auth/signin HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for piece in vec![b'a'; length].chunks(1_000) {
        stream.write_all(piece).await?;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_refused_before_it_was_read_gets_its_page_and_no_reset() {
    let gone = testkit::free_port().unwrap();
    let world = Setup::of(&format!("http://127.0.0.1:{gone}")).open().await;
    for (length, more, status) in
        [(300_000, "", "413"), (300_000, "Sec-Fetch-Site: cross-site\r\n", "403"), (300, "", "403")]
    {
        for _ in 0..20 {
            let answer = answered(world.url(), length, more).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{length} {more}: {answer}");
            assert!(answer.contains("</html>"), "{answer}");
        }
    }
}
