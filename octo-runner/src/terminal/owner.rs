//! Who shows a terminal, who of them writes, and so how large it is. Pure.

use std::collections::BTreeMap;

use octo_proto::{Code, Error};

use crate::process::Size;

/// A client of a terminal, by its number.
pub(super) type ClientNumber = u64;

/// The clients of one terminal.
#[derive(Debug, Default)]
pub(super) struct Owner {
    clients: BTreeMap<ClientNumber, Client>,
    writer: Option<ClientNumber>,
}

/// One client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    /// What it has for the terminal.
    pub(super) size: Size,
    /// Whether it may write at all.
    pub(super) may_write: bool,
}

impl Owner {
    /// The name of a client.
    pub(super) fn name(number: ClientNumber) -> String {
        format!("c{number}")
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.clients.len()
    }

    /// The one that writes.
    pub(super) fn writer(&self) -> Option<String> {
        self.writer.map(Self::name)
    }

    /// The size that the terminal is to have, where somebody writes.
    pub(super) fn size(&self) -> Option<Size> {
        self.writer.and_then(|writer| self.clients.get(&writer)).map(|client| client.size)
    }

    /// A client comes; with `write` it writes, if nobody does.
    pub(super) fn join(&mut self, number: ClientNumber, client: Client, write: bool) {
        self.clients.insert(number, client);
        if write && client.may_write && self.writer.is_none() {
            self.writer = Some(number);
        }
    }

    /// A client goes.
    pub(super) fn leave(&mut self, number: ClientNumber) {
        self.clients.remove(&number);
        self.writer.take_if(|writer| *writer == number);
    }

    /// A client has another size for it.
    pub(super) fn resize(&mut self, number: ClientNumber, size: Size) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.size = size;
        }
    }

    /// A client writes from now on.
    pub(super) fn take(&mut self, number: ClientNumber) -> Result<(), Error> {
        match self.clients.get(&number) {
            Some(client) if client.may_write => {
                self.writer = Some(number);
                Ok(())
            }
            Some(_) | None => Err(Error::new(Code::Forbidden, "this connection may only look")),
        }
    }

    /// Whether what a client types is taken: of the writer, or while there is none. None: one that does not show it.
    pub(super) fn types(&mut self, number: Option<ClientNumber>) -> Result<(), Error> {
        match (self.writer, number) {
            (None, None) => Ok(()),
            (None, Some(number)) => self.take(number),
            (Some(writer), Some(number)) if writer == number => Ok(()),
            (Some(_), _) => Err(Error::new(Code::Conflict, "another client writes to this terminal")
                .hint("`take` makes you the one who writes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_at_a_time_and_the_size_is_theirs() {
        let client = |cols, may_write| Client { size: Size { cols, rows: 24 }, may_write };
        let mut owner = Owner::default();
        assert_eq!((owner.size(), owner.types(None)), (None, Ok(())), "nobody is there: a script may type");
        owner.join(1, client(81, true), false);
        owner.join(2, client(82, true), true);
        owner.join(3, client(83, false), true);
        assert_eq!((owner.writer(), owner.size().unwrap().cols), (Some("c2".to_owned()), 82));
        for number in [None, Some(1), Some(3)] {
            assert_eq!(owner.types(number).unwrap_err().code, Code::Conflict);
        }
        assert!(owner.types(Some(2)).is_ok());
        assert_eq!(owner.take(3).unwrap_err().code, Code::Forbidden);
        owner.take(1).unwrap();
        assert_eq!(owner.types(Some(2)).unwrap_err().code, Code::Conflict);
        owner.resize(2, Size { cols: 90, rows: 30 });
        assert_eq!(owner.size().unwrap().cols, 81);
        owner.leave(1);
        assert_eq!((owner.writer(), owner.size(), owner.count()), (None, None, 2));
        assert_eq!(owner.types(Some(3)).unwrap_err().code, Code::Forbidden);
        assert!(owner.types(Some(2)).is_ok(), "the next that types writes");
        assert_eq!(owner.size().unwrap().cols, 90);
    }
}
