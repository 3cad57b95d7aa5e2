//! Identities: drawn once or derived from a record, never re-keyed.

use serde::{Deserialize, Serialize};

/// Declares a transparent text newtype with the few conversions an id needs.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

text_id! {
    /// A session: `ses_<ulid>`, drawn when it is created.
    SessionId
}
text_id! {
    /// A process held by a shim: `prc_<ulid>`, drawn when it is created.
    ProcessId
}
text_id! {
    /// A terminal: `trm_<ulid>`, by the request that opened it. The process that runs in it has the same name.
    TerminalId
}
text_id! {
    /// A message: derived from the record that opened it, or from the request id of the prompt.
    MessageId
}
text_id! {
    /// A part of a message: derived from its message.
    PartId
}
text_id! {
    /// A turn: derived from the request id of the prompt that began it, or from the record that did.
    TurnId
}
text_id! {
    /// The id of a request. Of a mutating request it is a ULID and the key of its idempotency.
    RequestId
}
text_id! {
    /// An attachment: `att_<sha256>` of its bytes, so storing it twice is storing it once.
    AttachmentId
}
text_id! {
    /// A tool call, as the agent named it.
    ToolCallId
}

impl SessionId {
    /// Draws a new session id.
    #[must_use]
    pub fn draw() -> Self {
        Self(format!("ses_{}", ulid::Ulid::new()))
    }
}

impl ProcessId {
    /// Draws a new process id.
    #[must_use]
    pub fn draw() -> Self {
        Self(format!("prc_{}", ulid::Ulid::new()))
    }
}

impl TerminalId {
    /// The terminal that this request opens.
    #[must_use]
    pub fn of(request: &RequestId) -> Self {
        Self(format!("trm_{}", request.0))
    }
}

impl RequestId {
    /// Draws a new request id.
    #[must_use]
    pub fn draw() -> Self {
        Self(ulid::Ulid::new().to_string())
    }

    /// Whether this is a ULID, as the id of a mutating request must be.
    #[must_use]
    pub fn is_ulid(&self) -> bool {
        self.0.len() == 26 && ulid::Ulid::from_string(&self.0).is_ok()
    }

    /// The message that the prompt with this id becomes.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        MessageId(format!("msg_{}", self.0))
    }

    /// The turn that the prompt with this id begins.
    #[must_use]
    pub fn turn_id(&self) -> TurnId {
        TurnId(format!("trn_{}", self.0))
    }
}

impl MessageId {
    /// The id of a message opened by the record at `offset` of a process's transcript; `ordinal` tells apart several
    /// opened by one record.
    #[must_use]
    pub fn derive(process: &ProcessId, offset: u64, ordinal: u32) -> Self {
        let process = process.0.trim_start_matches("prc_");
        Self(format!("msg_{process}_{offset:x}_{ordinal}"))
    }

    /// The id of this message's part number `index`.
    #[must_use]
    pub fn part(&self, index: usize) -> PartId {
        PartId(format!("{}/{index}", self.0))
    }
}

impl TurnId {
    /// The id of a turn that the agent began by itself, opened by the record at `offset`.
    #[must_use]
    pub fn derive(process: &ProcessId, offset: u64) -> Self {
        Self(format!("trn_{}_{offset:x}", process.0.trim_start_matches("prc_")))
    }
}
