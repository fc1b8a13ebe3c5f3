//! One connection through a relay.

use std::{
    future::{pending, ready},
    io,
    net::Ipv4Addr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch::Receiver},
    time::{Instant, sleep, sleep_until},
};

use super::{
    condition::{Condition, Direction},
    counters::{Tally, count},
    line::{Line, Passage},
};

const PIECE: usize = 16 * 1024;
/// In flight on a slow line.
const PIECES: usize = 64;

/// Relays until both sides have ended, one has failed, or all connections are reset, which was done so many times when
/// this one began.
pub(super) async fn run(
    mut client: TcpStream,
    number: u64,
    resets: u64,
    mut condition: Receiver<Condition>,
    tally: Arc<Tally>,
) {
    let mut until = condition.clone();
    let mut server = None;
    let relayed = async {
        let ended = relay(&mut client, number, &mut server, &mut condition, &tally).await.is_ok();
        // That one side has failed does not pass a cut either.
        both_clear(&mut condition, &tally).await;
        ended
    };
    let ended = tokio::select! {
        ended = relayed => ended,
        _ = until.wait_for(|now| now.resets != resets) => false,
    };
    if !ended {
        count(&tally.resets, 1);
        // Closed now, both sides get a reset and not an orderly end.
        for side in [Some(&client), server.as_ref()].into_iter().flatten() {
            let _ = side.set_zero_linger();
        }
    }
}

async fn relay(
    client: &mut TcpStream,
    number: u64,
    server: &mut Option<TcpStream>,
    condition: &mut Receiver<Condition>,
    tally: &Tally,
) -> io::Result<()> {
    let _ = client.set_nodelay(true);
    if both_clear(condition, tally).await && gave_up(client).await {
        // On a real network the server would never have heard of it.
        return Ok(());
    }
    let upstream = condition.borrow().upstream;
    let server = server.insert(TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await?);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = Pipe { direction: Direction::ToServer, condition: condition.clone(), tally };
    let back = Pipe { direction: Direction::ToClient, condition: condition.clone(), tally };
    tokio::try_join!(
        there.pass(from_client, to_server, Line::new(number << 1)),
        back.pass(from_server, to_client, Line::new(number << 1 | 1)),
    )?;
    Ok(())
}

/// Waits while either direction is cut, and says whether one was.
async fn both_clear(condition: &mut Receiver<Condition>, tally: &Tally) -> bool {
    let mut was_cut = false;
    while !condition.borrow().is_clear() {
        was_cut |= clear(condition, Direction::ToServer, tally).await;
        was_cut |= clear(condition, Direction::ToClient, tally).await;
    }
    was_cut
}

/// Waits while the direction is cut, and says whether it was.
async fn clear(condition: &mut Receiver<Condition>, direction: Direction, tally: &Tally) -> bool {
    if condition.borrow().passes(direction) {
        return false;
    }
    count(&tally.held, 1);
    if condition.wait_for(|now| now.passes(direction)).await.is_err() {
        // The relay is gone, and this goes with it.
        pending::<()>().await;
    }
    true
}

/// Whether the client has closed its side already.
async fn gave_up(client: &TcpStream) -> bool {
    // The runtime may not have looked at the socket since.
    sleep(Duration::from_millis(1)).await;
    tokio::select! {
        biased;
        ready = client.ready(Interest::READABLE) => ready.is_ok_and(|ready| ready.is_read_closed()),
        () = ready(()) => false,
    }
}

/// One direction.
struct Pipe<'a> {
    direction: Direction,
    condition: Receiver<Condition>,
    tally: &'a Tally,
}

struct Piece {
    /// Empty at the end.
    bytes: Vec<u8>,
    passage: Passage,
}

impl Pipe<'_> {
    async fn pass(self, from: ReadHalf<'_>, to: WriteHalf<'_>, line: Line) -> io::Result<()> {
        let (sender, receiver) = mpsc::channel(PIECES);
        tokio::try_join!(self.read(from, line, sender), self.write(to, receiver))?;
        Ok(())
    }

    async fn read(
        &self,
        mut from: ReadHalf<'_>,
        mut line: Line,
        pieces: mpsc::Sender<Piece>,
    ) -> io::Result<()> {
        let mut condition = self.condition.clone();
        loop {
            // Read only when it may pass: the sender notices that nothing is taken, as on a real network.
            from.readable().await?;
            clear(&mut condition, self.direction, self.tally).await;
            let now = *condition.borrow();
            let size = now.bytes_per_second.map_or(PIECE, |rate| (rate as usize / 20).clamp(1, PIECE));
            let mut bytes = vec![0; size];
            let length = from.read(&mut bytes).await?;
            bytes.truncate(length);
            let passage = line.send(length, Instant::now(), &now);
            if pieces.send(Piece { bytes, passage }).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    }

    async fn write(&self, mut to: WriteHalf<'_>, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
        let mut condition = self.condition.clone();
        while let Some(Piece { bytes, passage }) = pieces.recv().await {
            if let Some(arrives) = passage.arrives {
                count(&self.tally.delayed, 1);
                count(&self.tally.lost, passage.losses.into());
                sleep_until(arrives).await;
            }
            clear(&mut condition, self.direction, self.tally).await;
            if bytes.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&bytes).await?;
            count(self.bytes(), bytes.len() as u64);
        }
        Ok(())
    }

    fn bytes(&self) -> &AtomicU64 {
        match self.direction {
            Direction::ToServer => &self.tally.to_server,
            Direction::ToClient => &self.tally.to_client,
        }
    }
}
