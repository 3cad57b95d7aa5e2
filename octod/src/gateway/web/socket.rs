//! A WebSocket as a carrier of frames: a message each.

use std::{io, pin::Pin};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::{
    Sink, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use octo_proto::{
    Frame,
    wire::{Incoming, MAX_BAD_LINES, WireError, encode_message, parse_message},
};

use crate::gateway::client::{Deliver, Receive};

/// The frames of a client.
pub(super) struct Messages {
    socket: SplitStream<WebSocket>,
    /// Messages in a row that were no frames.
    bad: u32,
}

/// The frames to a client.
pub(super) struct Answers {
    socket: SplitSink<WebSocket, Message>,
    waiting: Option<Message>,
    /// A message was given to the socket and may not have left yet.
    flushing: bool,
}

pub(super) fn split(socket: WebSocket) -> (Messages, Answers) {
    let (answers, messages) = socket.split();
    (Messages { socket: messages, bad: 0 }, Answers { socket: answers, waiting: None, flushing: false })
}

impl Receive for Messages {
    async fn next(&mut self) -> Result<Option<Incoming>, WireError> {
        loop {
            let parsed = match self.socket.next().await {
                Some(Ok(Message::Text(text))) => parse_message(&text.into(), false),
                Some(Ok(Message::Binary(bytes))) => parse_message(&bytes, true),
                // The socket itself answers pings.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Err(error)) => return Err(io::Error::other(error).into()),
            };
            return match parsed {
                Ok(frame) => {
                    self.bad = 0;
                    Ok(Some(Incoming::Frame(frame)))
                }
                Err(bad) => {
                    self.bad += 1;
                    if self.bad >= MAX_BAD_LINES {
                        return Err(WireError::TooManyBadLines);
                    }
                    Ok(Some(Incoming::Bad(bad)))
                }
            };
        }
    }
}

impl Deliver for Answers {
    fn put(&mut self, frame: &Frame) {
        let (encoded, binary) = encode_message(frame);
        self.waiting = Some(match String::from_utf8(encoded) {
            Ok(text) if !binary => Message::Text(Utf8Bytes::from(text)),
            Ok(text) => Message::Binary(text.into_bytes().into()),
            Err(bytes) => Message::Binary(bytes.into_bytes().into()),
        });
    }

    fn has_room(&self) -> bool {
        self.is_idle()
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_none() && !self.flushing
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_some() {
            std::future::poll_fn(|context| Pin::new(&mut self.socket).poll_ready(context))
                .await
                .map_err(io::Error::other)?;
            if let Some(message) = self.waiting.take() {
                Pin::new(&mut self.socket).start_send(message).map_err(io::Error::other)?;
                self.flushing = true;
            }
        }
        self.socket.flush().await.map_err(io::Error::other)?;
        self.flushing = false;
        Ok(())
    }

    async fn close(&mut self) {
        // It may be closed already.
        drop(self.socket.close().await);
    }
}
