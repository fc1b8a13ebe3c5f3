//! Requests that never come to an end, many at a time: nobody else may be kept waiting, and none may wait for ever.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    LIMIT,
    raw::{self, Answer},
    target::{Request, Target},
};

/// More than a service has workers or database connections.
const CROWD: usize = 100;
/// Longer than a service may wait for a body.
const PATIENCE: Duration = Duration::from_secs(25);
/// 503 because the limit on a request's time does not know whose fault it was.
const CUT_OFF: [u16; 2] = [408, 503];

/// Opens many connections with half a request each, asks something good beside them, and waits for one of them.
///
/// # Errors
/// When the good request is kept waiting, or the bad one is not cut off in the error shape.
pub(super) async fn run(target: Target) -> Result<()> {
    let whole = target.write.bytes(Some(&target.me.cookie));
    let half_a_head = &whole[..whole.len() / 4];
    let half_a_body = &whole[..whole.len() - 1];
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, target.port)).await?;
        let half = if number % 2 == 0 { half_a_head } else { half_a_body };
        connection.write_all(half).await?;
        crowd.push(connection);
    }
    let good = Request::get(&target.good).bytes(Some(&target.me.cookie));
    for _ in 0..10 {
        let answer = raw::send(target.port, &good, LIMIT).await.context("beside a crowd of slow requests")?;
        let status = answer.map(|answer| answer.status);
        ensure!(status == Some(200), "beside a crowd of slow requests a good one was answered {status:?}");
        sleep(Duration::from_millis(200)).await;
    }
    let waiting = crowd.pop().context("a crowd")?;
    let answer = timeout(PATIENCE, end(waiting)).await;
    let Ok(answer) = answer else { bail!("half a body was not cut off within {PATIENCE:?}") };
    let answer = answer?;
    let cut_off = CUT_OFF.contains(&answer.status) && answer.is_in_the_error_shape();
    ensure!(cut_off, "half a body was answered {}", answer.head);
    Ok(())
}

async fn end(mut connection: TcpStream) -> Result<Answer> {
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.context("wait for the end of half a body")?;
    raw::read(&answer)
}
