//! A slow line between a client and what it connects to.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

use anyhow::Result;
use socket2::SockRef;

use super::ways::rest;

/// How slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Bytes in a second.
    pub(crate) rate: u32,
    /// How long a byte is under way.
    pub(crate) delay: Duration,
}

/// 1 Mbit/s and 100 ms in each direction.
pub(crate) const THIN: Pace = Pace { rate: 125_000, delay: Duration::from_millis(100) };

/// Who takes 200 KB in a second.
pub(crate) const SLOW: Pace = Pace { rate: 200_000, delay: Duration::ZERO };

/// Bytes are sent in pieces of this time.
const PIECE: Duration = Duration::from_millis(10);

/// As many pieces as the line holds at once.
const UNDER_WAY: usize = 10;

/// A line to a Unix socket: the socket of its near end.
pub(crate) fn to_socket(far: PathBuf, near: &Path, pace: Pace) -> Result<PathBuf> {
    let listener = UnixListener::bind(near)?;
    std::thread::spawn(move || -> Result<()> {
        for stream in listener.incoming() {
            let (near, far) = (stream?, UnixStream::connect(&far)?);
            join((near.try_clone()?, near), (far.try_clone()?, far), pace);
        }
        Ok(())
    });
    Ok(near.to_owned())
}

/// A line to a TCP address: the address of its near end.
pub(crate) fn to_address(far: String, pace: Pace) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = listener.local_addr()?.to_string();
    std::thread::spawn(move || -> Result<()> {
        for stream in listener.incoming() {
            let (near, far) = (stream?, TcpStream::connect(&far)?);
            // A line holds no more than what is under way; what the kernel holds for a program that reads late is no part
            // of it.
            SockRef::from(&far).set_recv_buffer_size(16 * 1024)?;
            near.set_nodelay(true)?;
            far.set_nodelay(true)?;
            join((near.try_clone()?, near), (far.try_clone()?, far), pace);
        }
        Ok(())
    });
    Ok(near)
}

/// Carries bytes both ways, until either side is closed.
pub(crate) fn join<R: Read + Send + 'static, W: Write + Send + 'static>(
    near: (impl Read + Send + 'static, impl Write + Send + 'static),
    far: (R, W),
    pace: Pace,
) {
    carry(near.0, far.1, pace);
    carry(far.0, near.1, pace);
}

fn carry(mut from: impl Read + Send + 'static, mut to: impl Write + Send + 'static, pace: Pace) {
    let (send, receive) = sync_channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    std::thread::spawn(move || {
        let mut piece = vec![0; (f64::from(pace.rate) * PIECE.as_secs_f64()) as usize];
        let mut free = Instant::now();
        while let Ok(count @ 1..) = from.read(&mut piece) {
            free = free.max(Instant::now()) + Duration::from_secs(1).mul_f64(count as f64 / f64::from(pace.rate));
            rest(free.saturating_duration_since(Instant::now()));
            if send.send((free + pace.delay, piece[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((at, piece)) = receive.recv() {
            rest(at.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                return;
            }
        }
    });
}
