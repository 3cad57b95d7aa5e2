//! What a client gets that has nothing of a terminal, or fell behind.

use super::log::{Log, Place};

/// How much of the newest output is shown again.
const REPLAY: u64 = 64 * 1024;

/// How far a line end is looked for, so that the replay does not begin within a line.
const LINE: usize = 4096;

/// What draws a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redraw {
    /// What draws it, before the output goes on.
    pub(super) bytes: Vec<u8>,
    /// Where the output goes on.
    pub(super) place: Place,
}

/// The newest output again.
pub(super) fn redraw(log: &Log) -> Redraw {
    let begin = log.end().saturating_sub(REPLAY);
    if begin <= log.start() {
        return Redraw { bytes: Vec::new(), place: log.place_at(log.start()) };
    }
    let line = log.bytes_from(begin).take(LINE).position(|byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
    Redraw { bytes: Vec::new(), place: log.place_at(begin + line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_is_shown_from_the_beginning_of_a_line() {
        let mut log = Log::at(5);
        log.push(b"short\n");
        assert_eq!(redraw(&log).place, log.place_at(5));
        for number in 0..20_000 {
            log.push(format!("line {number}\n").as_bytes());
        }
        let begin = redraw(&log).place.offset;
        assert!(log.end() - begin <= REPLAY && log.end() - begin > REPLAY - 20);
        assert!(log.bytes_from(begin).take(5).eq(*b"line "));
    }
}
