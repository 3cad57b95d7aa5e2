//! What the fold of one record gives, collected in order.

use octo_proto::{
    Event,
    id::{MessageId, ProcessId},
};

use super::super::Out;

/// The outcome of one record so far.
pub(super) struct Sink {
    pub(super) at: i64,
    pub(super) place: u64,
    pub(super) outs: Vec<Out>,
    messages: u32,
    questions: u32,
}

impl Sink {
    pub(super) fn new(at: i64, place: u64) -> Self {
        Self { at, place, outs: Vec::new(), messages: 0, questions: 0 }
    }

    pub(super) fn fact(&mut self, event: Event) {
        self.outs.push(Out::Fact(event));
    }

    pub(super) fn volatile(&mut self, event: Event) {
        self.outs.push(Out::Volatile(event));
    }

    pub(super) fn debug(&mut self, why: impl Into<String>) {
        self.outs.push(Out::Debug { why: why.into() });
    }

    /// The id of the next message that this record opens.
    pub(super) fn message_id(&mut self, process: &ProcessId) -> MessageId {
        let id = MessageId::derive(process, self.place, self.messages);
        self.messages += 1;
        id
    }

    /// The number of the next question that this record opens.
    pub(super) fn question(&mut self) -> u32 {
        let number = self.questions;
        self.questions += 1;
        number
    }
}
