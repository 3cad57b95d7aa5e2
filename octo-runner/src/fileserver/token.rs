//! The token that every request shows: from a file, or made at the start.

use std::{io::Read, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// Its entropy where it is made, in bytes.
const BYTES: usize = 32;

/// The shortest that is taken.
const SHORTEST: usize = 16;

/// The longest file that is read.
const LONGEST: u64 = 4096;

/// A token.
pub(super) struct Token(String);

impl Token {
    /// Makes a new one.
    pub(super) fn make() -> anyhow::Result<Self> {
        let mut bytes = [0_u8; BYTES];
        let mut filled = 0;
        while filled < BYTES {
            filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
        }
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The one in this file, which only its owner may read.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = std::fs::File::open(path).with_context(|| format!("cannot read the token in {shown}"))?;
        if file.metadata()?.mode() & 0o077 != 0 {
            bail!("others may read the token in {shown}; close it with `chmod 600 {shown}`");
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).with_context(|| format!("no token is in {shown}"))?;
        let token = text.trim();
        if token.len() < SHORTEST || token.contains(char::is_whitespace) {
            bail!("the token in {shown} must be one word of at least {SHORTEST} characters");
        }
        Ok(Self(token.to_owned()))
    }

    /// The text, for the one who started the program.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is the token; how long the answer takes does not tell how much of it was right.
    pub(super) fn matches(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}
