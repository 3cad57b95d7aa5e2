//! A number of bytes, as people write it: `256 MiB`, `1.5 GB`, `4096`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a size; write bytes, or a number with KiB, MiB, GiB, TiB, kB, MB, GB or TB")]
pub struct NotASize(pub String);

const UNITS: &[(&str, u64)] = &[
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
];

impl FromStr for ByteSize {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let refuse = || NotASize(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((lower.strip_suffix(name)?.trim_end(), *unit)))
            .unwrap_or((lower.as_str(), 1));
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            return Err(refuse());
        }
        let number = |text: &str| text.parse::<u128>().map_err(|_| refuse());
        let scale = 10_u128.pow(u32::try_from(part.len()).map_err(|_| refuse())?);
        let bytes = (number(whole)? * scale + number(part)?) * u128::from(unit) / scale;
        u64::try_from(bytes).map(Self).map_err(|_| refuse())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match binary.iter().find(|(_, bits)| self.0 >= 1 << bits && self.0.trailing_zeros() >= *bits) {
            Some((name, bits)) => write!(f, "{} {name}", self.0 >> bits),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bytes(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Bytes(bytes) => Ok(Self(bytes)),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed() {
        for (text, bytes, printed) in [
            ("256 MiB", 256 << 20, "256 MiB"),
            ("1.5GiB", 3 << 29, "1536 MiB"),
            ("10 mb", 10_000_000, "10000000"),
            ("4096", 4096, "4 KiB"),
            ("7 B", 7, "7"),
            ("0", 0, "0"),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!(size, ByteSize(bytes), "{text}");
            assert_eq!(size.to_string(), printed);
            assert_eq!(printed.parse::<ByteSize>().unwrap(), size);
        }
        for text in ["", "MiB", "-1", "1.2.3 GB", "ten", "99999999999999999 TiB", ". GB", "1 XB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
