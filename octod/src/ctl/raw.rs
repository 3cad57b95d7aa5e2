//! `octoctl raw`: frames from stdin to the daemon, frames to stdout.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use octo_proto::{
    Error, Frame, channel,
    client::parse_reply,
    frame::Request,
    hello::Hello,
    id::RequestId,
    wire::{Decoder, FrameReader, Incoming, write_frame},
};
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf},
    net::UnixStream,
    sync::mpsc,
    time::timeout,
};

use super::{Context, Failure, connection::hello, output::reader_gone, trace::Trace};

/// Pieces of stdin that may wait to be sent.
const PIECES: usize = 4;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// At the end of stdin go on printing what comes, instead of ending with the last reply.
    #[arg(long)]
    follow: bool,
    /// Say no hello: the first frame of stdin is one.
    #[arg(long)]
    no_hello: bool,
    /// Wait at most this many seconds for a reply after the end of stdin.
    #[arg(long, value_name = "S", default_value = "60", value_parser = super::send::seconds)]
    timeout: Duration,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    let stream = UnixStream::connect(&context.socket).await.map_err(|error| {
        Failure::unreachable(format!("cannot connect to {}: {error}", context.socket.display()))
            .hint("octoctl doctor tells why")
    })?;
    let (receive, send) = tokio::io::split(stream);
    let trace = Trace { on: context.process.trace_wire };
    let mut raw = Raw { reader: FrameReader::new(receive), send, trace, open: 0, decoder: Decoder::default() };
    if !args.no_hello {
        raw.hello().await?;
    }
    raw.carry(args).await
}

struct Raw {
    reader: FrameReader<ReadHalf<UnixStream>>,
    send: WriteHalf<UnixStream>,
    trace: Trace,
    /// Requests without a reply yet.
    open: usize,
    /// Looks at what is sent, to know what is to be answered.
    decoder: Decoder,
}

impl Raw {
    async fn hello(&mut self) -> Result<(), Failure> {
        let request = Request::new(channel::SYSTEM, RequestId::draw().0, &hello())
            .map_err(|error| Failure::from(Error::internal(error.to_string())))?;
        let frame = Frame::Request(request);
        self.trace.sent(&frame);
        write_frame(&mut self.send, &frame).await?;
        match self.reader.next().await {
            Ok(Some(Incoming::Frame(Frame::Reply(reply)))) => {
                parse_reply::<Hello>(&reply)?;
                Ok(())
            }
            Ok(_) => Err(Failure::failed("the other side does not speak Octo's protocol")),
            Err(error) => Err(Failure::unreachable(error.to_string())),
        }
    }

    async fn carry(mut self, args: &Args) -> Result<(), Failure> {
        let mut stdin = stdin();
        let mut ended = false;
        let gone = reader_gone();
        tokio::pin!(gone);
        loop {
            if ended && !args.follow && self.open == 0 {
                return Ok(());
            }
            let limit = if ended && !args.follow { args.timeout } else { Duration::MAX };
            tokio::select! {
                () = &mut gone => return Ok(()),
                piece = stdin.recv(), if !ended => match piece {
                    Some(piece) => self.send(&piece).await?,
                    None => ended = true,
                },
                frame = timeout(limit, self.reader.next()) => match frame {
                    Ok(Ok(Some(incoming))) => self.print(incoming)?,
                    Ok(Ok(None)) if ended && self.open == 0 => return Ok(()),
                    Ok(Ok(None)) => return Err(Failure::unreachable("the connection was closed")),
                    Ok(Err(error)) => return Err(Failure::unreachable(error.to_string())),
                    Err(_) => return Err(Failure::timed_out(format!("{} requests have no reply yet", self.open))),
                },
            }
        }
    }

    async fn send(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.decoder.feed(piece);
        // What cannot be read is sent all the same: to see how it is refused is what this command is for.
        while let Ok(Some(incoming)) = self.decoder.take() {
            match incoming {
                Incoming::Frame(frame) => {
                    self.trace.sent(&frame);
                    self.open += usize::from(matches!(frame, Frame::Request(_)));
                }
                Incoming::Bad(_) => self.open += 1,
            }
        }
        Ok(self.send.write_all(piece).await?)
    }

    fn print(&mut self, incoming: Incoming) -> Result<(), Failure> {
        let Incoming::Frame(frame) = incoming else { return Ok(()) };
        self.trace.received(&frame);
        if matches!(frame, Frame::Reply(_)) {
            self.open = self.open.saturating_sub(1);
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(&frame.encode())?;
        Ok(stdout.flush()?)
    }
}

/// Reads stdin on a thread of its own: a read of it cannot be given up.
fn stdin() -> mpsc::Receiver<Vec<u8>> {
    let (pieces, receiver) = mpsc::channel(PIECES);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = io::stdin().lock().read(&mut buffer) {
            if pieces.blocking_send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
