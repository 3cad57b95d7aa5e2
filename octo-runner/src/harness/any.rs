//! The harnesses of this release, as one type; only here and in `discover` they are listed.

use octo_proto::{Code, Error, id::ProcessId, session::Capabilities};
use serde::{Serialize, de::DeserializeOwned};

use super::{Accepted, Deadline, Harness, Installed, Launch, Out, Plan, Record, SessionSpec, StopStep, Write, pi::Pi};

/// The names of all harnesses.
pub const NAMES: [&str; 1] = [Pi::NAME];

/// The state of one agent process of whatever harness.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyHarness {
    /// Pi.
    Pi(Box<Pi>),
}

/// Does the same with whichever harness it is.
macro_rules! each {
    ($self:expr, $harness:ident => $do:expr) => {
        match $self {
            AnyHarness::Pi($harness) => $do,
        }
    };
}

impl AnyHarness {
    /// The state before the first record of a process.
    ///
    /// # Errors
    /// `not_found` for a harness that this release does not have.
    pub fn new(name: &str, spec: &SessionSpec, process: &ProcessId) -> Result<Self, Error> {
        match name {
            Pi::NAME => Ok(Self::Pi(Box::new(Pi::new(spec, process)))),
            other => Err(unknown(other)),
        }
    }

    /// A state as [`AnyHarness::serialise`] gave it; None when it is of another format, so that the transcript is to be
    /// folded from its start.
    ///
    /// # Errors
    /// `not_found` for a harness that this release does not have, `internal` for a state that cannot be read.
    pub fn restore(name: &str, format: u32, bytes: &[u8]) -> Result<Option<Self>, Error> {
        match name {
            Pi::NAME => Ok(read::<Pi>(format, bytes)?.map(|pi| Self::Pi(Box::new(pi)))),
            other => Err(unknown(other)),
        }
    }

    /// What to start for this session, with the program that was found.
    ///
    /// # Errors
    /// As [`Harness::launch`]; `not_found` for a harness that this release does not have.
    pub fn launch(name: &str, spec: &SessionSpec, found: &Installed) -> Result<Launch, Error> {
        match name {
            Pi::NAME => Pi::launch(spec, found),
            other => Err(unknown(other)),
        }
    }

    /// The state as bytes, with its format.
    ///
    /// # Errors
    /// `internal` where it cannot be written as JSON.
    pub fn serialise(&self) -> Result<(u32, Vec<u8>), Error> {
        each!(self, harness => write(harness.as_ref()))
    }

    /// As clients name it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pi(_) => Pi::NAME,
        }
    }

    /// As [`Harness::capabilities`].
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        each!(self, harness => harness.capabilities())
    }

    /// As [`Harness::fold`].
    pub fn fold(&mut self, record: &Record<'_>) -> Vec<Out> {
        each!(self, harness => harness.fold(record))
    }

    /// As [`Harness::plan`].
    #[must_use]
    pub fn plan(&self, accepted: &Accepted) -> Plan {
        each!(self, harness => harness.plan(accepted))
    }

    /// As [`Harness::reactions`].
    #[must_use]
    pub fn reactions(&self) -> Vec<Write> {
        each!(self, harness => harness.reactions())
    }

    /// As [`Harness::deadlines`].
    #[must_use]
    pub fn deadlines(&self) -> Vec<Deadline> {
        each!(self, harness => harness.deadlines())
    }

    /// As [`Harness::stop`].
    #[must_use]
    pub fn stop(&self) -> Vec<StopStep> {
        each!(self, harness => harness.stop())
    }
}

fn read<H: Harness + DeserializeOwned>(format: u32, bytes: &[u8]) -> Result<Option<H>, Error> {
    if format != H::FORMAT {
        return Ok(None);
    }
    let read = serde_json::from_slice(bytes);
    read.map(Some).map_err(|error| Error::internal(format!("the stored state of {} cannot be read: {error}", H::NAME)))
}

fn write<H: Harness + Serialize>(harness: &H) -> Result<(u32, Vec<u8>), Error> {
    let bytes = serde_json::to_vec(harness);
    let bytes =
        bytes.map_err(|error| Error::internal(format!("the state of {} cannot be stored: {error}", H::NAME)))?;
    Ok((H::FORMAT, bytes))
}

fn unknown(name: &str) -> Error {
    Error::new(Code::NotFound, format!("there is no harness `{name}`; this release has {}", NAMES.join(", ")))
}
