//! The first request of the side that connects, and its answer: which release speaks, and for whom.

use serde::{Deserialize, Serialize};

use crate::{Code, Error, PROTOCOL};

/// The body of a `hello`, and of its reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hello {
    /// `hello`; absent in the reply.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cmd: String,
    /// Lowest and highest protocol that this side speaks.
    pub protocol: [u32; 2],
    /// The program.
    pub name: String,
    /// Its release.
    pub version: String,
    /// For whom octod speaks; only from octod to a runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// A bearer token; only over a WebSocket that could not carry it in a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The runner's generation; only in a runner's reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The client's agent socket of ssh, to be offered to the agents; only from a local client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_auth_sock: Option<String>,
}

/// Who asks, and what they may do: decided once per connection, then carried as a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Caller {
    /// The person, as Octo knows them.
    pub account: String,
    /// What they may do, each including the ones before it.
    pub right: crate::access::Right,
}

impl Hello {
    /// A `hello` request of this program.
    #[must_use]
    pub fn request(name: &str, version: &str) -> Self {
        Self { cmd: "hello".to_owned(), ..Self::reply(name, version) }
    }

    /// The answer of this program.
    #[must_use]
    pub fn reply(name: &str, version: &str) -> Self {
        Self {
            cmd: String::new(),
            protocol: PROTOCOL,
            name: name.to_owned(),
            version: version.to_owned(),
            caller: None,
            token: None,
            epoch: None,
            ssh_auth_sock: None,
        }
    }

    /// The protocol that both sides speak: the highest of the overlap.
    ///
    /// # Errors
    /// `unsupported` where the ranges do not overlap, saying which side is behind.
    pub fn negotiate(&self, own: [u32; 2]) -> Result<u32, Error> {
        let [low, high] = self.protocol;
        let agreed = high.min(own[1]);
        if low <= high && agreed >= low.max(own[0]) {
            return Ok(agreed);
        }
        let behind = if high < own[0] { self.name.as_str() } else { "this side" };
        Err(Error::new(
            Code::Unsupported,
            format!(
                "{} {} speaks protocol {low} to {high}, this side {} to {}",
                self.name, self.version, own[0], own[1]
            ),
        )
        .hint(format!("update {behind}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap_or_say_who_is_behind() {
        let hello = |protocol| Hello { protocol, ..Hello::request("client", "1") };
        for (theirs, own, agreed) in [
            ([1, 1], [1, 1], Some(1)),
            ([1, 3], [2, 5], Some(3)),
            ([4, 5], [1, 3], None),
            ([1, 1], [2, 2], None),
            ([3, 1], [1, 3], None),
        ] {
            assert_eq!(hello(theirs).negotiate(own).ok(), agreed, "{theirs:?} {own:?}");
        }
    }
}
