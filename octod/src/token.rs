//! The bearer token of the WebSocket: drawn at every start, in a file that only its owner reads.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// Its entropy.
const BYTES: usize = 32;

/// A token. It is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Draws a new one.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn draw() -> io::Result<Self> {
        let mut bytes = [0_u8; BYTES];
        let mut filled = 0;
        while filled < BYTES {
            filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
        }
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Puts it where its owner's programs find it, in one step.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", self.0)?;
        fs::rename(&new, path)
    }

    /// Whether this is the token; how long the answer takes does not tell how much of it was right.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::draw().unwrap();
        assert!(token.matches(&token.0));
        assert_eq!(token.0.len(), 43);
        for wrong in ["", &token.0[..42], &format!("{}x", token.0), &token.0.to_lowercase(), &Token::draw().unwrap().0]
        {
            assert!(!token.matches(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn its_file_is_replaced_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "old").unwrap();
        fs::write(dir.path().join("token.new"), "left over").unwrap();
        let token = Token::draw().unwrap();
        token.write(&path).unwrap();
        assert!(token.matches(fs::read_to_string(&path).unwrap().trim_end()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
