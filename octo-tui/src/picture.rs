//! Reads a picture from its file.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

use crate::state::picture::Image;

/// A picture larger than this is refused before it is read.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The picture in a file; else why there is none, in words.
///
/// # Errors
/// Where it cannot be read, is too large, or is no picture that an agent can be shown.
pub fn read(path: &Path) -> Result<Image, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    if about.len() > LARGEST {
        let most = LARGEST >> 20;
        return Err(format!("{} has {} MiB; a picture may have {most}", path.display(), about.len() >> 20));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let mime_type = mime_type(&bytes)
        .ok_or_else(|| format!("{} is not a picture (PNG, JPEG, GIF and WebP are)", path.display()))?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Image { bytes: bytes.into(), mime_type, sha256 })
}

/// What kind of picture its first bytes say it is.
fn mime_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_a_bearable_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let image = read(&file("a.png", b"\x89PNG and more")).unwrap();
        assert_eq!((image.mime_type, image.bytes.len(), image.sha256.len()), ("image/png", 13, 64));
        assert_eq!(read(&file("b", b"RIFF1234WEBPVP8 ")).unwrap().mime_type, "image/webp");
        let large = file("large.png", b"\x89PNG");
        fs::File::options().write(true).open(&large).unwrap().set_len(LARGEST + 1).unwrap();
        for (path, why) in [
            (file("c.png", b"text"), "is not a picture"),
            (file("d.png", b""), "is not a picture"),
            (dir.path().to_owned(), "is not a file"),
            (dir.path().join("none.png"), "No such file"),
            (large, "a picture may have 32"),
        ] {
            let error = read(&path).unwrap_err();
            assert!(error.contains(why) && error.contains(&path.display().to_string()), "{error}");
        }
    }
}
