//! What the runner tells a new shim on its stdin: never in arguments, which everybody on the machine may read.

/// The variable that marks every process of a tree with the id of the process it belongs to.
pub const MARKER: &str = "OCTO_PROCESS";

/// A launch with pipes, as the first version wrote it.
const PIPES: [u8; 8] = *b"octospc1";
/// A launch on a terminal: its size comes before the rest.
const TERMINAL: [u8; 8] = *b"octospc2";

/// How large a terminal is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its columns.
    pub cols: u16,
    /// Its rows.
    pub rows: u16,
}

/// What to start and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    /// The id of the process; its environment brings it as [`MARKER`].
    pub process: String,
    /// A path, or a name that is looked up in the `PATH` of `env`.
    pub program: String,
    /// Arguments behind the program.
    pub args: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// The folder it starts in.
    pub cwd: String,
    /// The cgroup that it joins.
    pub cgroup: Option<String>,
    /// It runs on a terminal of this size; else its standard streams are pipes.
    pub terminal: Option<Size>,
}

impl Spec {
    /// The bytes for the shim's stdin.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = match self.terminal {
            None => PIPES.to_vec(),
            Some(Size { cols, rows }) => [&TERMINAL[..], &cols.to_le_bytes(), &rows.to_le_bytes()].concat(),
        };
        for text in [&self.process, &self.program, &self.cwd, self.cgroup.as_ref().unwrap_or(&String::new())] {
            put(&mut bytes, text);
        }
        put_count(&mut bytes, self.args.len());
        for arg in &self.args {
            put(&mut bytes, arg);
        }
        put_count(&mut bytes, self.env.len());
        for (name, value) in &self.env {
            put(&mut bytes, name);
            put(&mut bytes, value);
        }
        bytes
    }

    /// Reads what [`Spec::encode`] wrote, whole or not at all.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (mut rest, terminal) = match bytes.strip_prefix(&TERMINAL) {
            None => (bytes.strip_prefix(&PIPES)?, None),
            Some(rest) => {
                let ([a, b, c, d], rest) = rest.split_first_chunk()?;
                let size = Size { cols: u16::from_le_bytes([*a, *b]), rows: u16::from_le_bytes([*c, *d]) };
                (rest, Some(size))
            }
        };
        let rest = &mut rest;
        let mut spec =
            Self { process: take(rest)?, program: take(rest)?, cwd: take(rest)?, terminal, ..Self::default() };
        spec.cgroup = Some(take(rest)?).filter(|path| !path.is_empty());
        for _ in 0..take_count(rest)? {
            spec.args.push(take(rest)?);
        }
        for _ in 0..take_count(rest)? {
            spec.env.push((take(rest)?, take(rest)?));
        }
        rest.is_empty().then_some(spec)
    }
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    put_count(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&(count as u32).to_le_bytes());
}

fn take(rest: &mut &[u8]) -> Option<String> {
    let (text, behind) = {
        let count = take_count(rest)? as usize;
        rest.split_at_checked(count)?
    };
    *rest = behind;
    String::from_utf8(text.to_vec()).ok()
}

fn take_count(rest: &mut &[u8]) -> Option<u32> {
    let (count, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_read_whole_or_not_at_all() {
        let pipes = Spec {
            process: "prc_1".to_owned(),
            program: "sh".to_owned(),
            args: vec!["-c".to_owned(), String::new()],
            env: vec![("A".to_owned(), "ü=\n".to_owned())],
            cwd: "/".to_owned(),
            cgroup: Some("/sys/fs/cgroup/x".to_owned()),
            terminal: None,
        };
        let terminal = Spec { terminal: Some(Size { cols: 132, rows: 50 }), ..pipes.clone() };
        for spec in [pipes, terminal] {
            let bytes = spec.encode();
            assert_eq!(Spec::decode(&bytes), Some(spec));
            for cut in 0..bytes.len() {
                assert_eq!(Spec::decode(&bytes[..cut]), None);
            }
        }
    }
}
