//! Plays a speech: what is said piece by piece, and the pauses between, made as they are asked for.

use std::{collections::VecDeque, iter, time::Duration, vec};

use serde_json::Value;

use super::{
    conversation::tokens,
    step::{Failure, Speech, Step, Stop, Text, Usage},
};

/// Characters of an ordinary delta.
const PIECE: usize = 24;
/// Long enough for what was said to be on its way before the connection is cut.
const BEFORE_CUT: Duration = Duration::from_millis(30);

/// What happens next.
#[derive(Debug, PartialEq)]
pub(super) enum Beat {
    Say(Said),
    Pause(Duration),
    /// The connection is cut; nothing follows.
    Cut,
}

/// What the client is told.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Open(Block),
    Delta(String),
    Close,
    /// An error; nothing follows.
    Fail(Failure),
    /// The end of the message; nothing follows.
    Finish(End),
}

/// The kind of a part of the message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Text,
    Thinking,
    Call { name: String, input: Value },
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) stop: Stop,
    pub(super) usage: Usage,
}

/// The course of one answer.
pub(super) struct Turn {
    steps: vec::IntoIter<Step>,
    soon: VecDeque<Beat>,
    open: Option<Deltas>,
    /// The pause after each piece of an ordinary text.
    pace: Duration,
    stop: Stop,
    usage: Usage,
    claimed: bool,
    written: usize,
    ended: bool,
}

struct Deltas {
    texts: Box<dyn Iterator<Item = String> + Send>,
    every: Duration,
}

impl Turn {
    pub(super) fn new(speech: Speech, prompt_tokens: u64, pace: Duration) -> Self {
        Self {
            soon: VecDeque::new(),
            open: None,
            pace,
            stop: if speech.cut { Stop::Length } else { Stop::Natural },
            usage: speech.claims.unwrap_or(Usage { input: prompt_tokens, output: 0 }),
            claimed: speech.claims.is_some(),
            written: 0,
            ended: false,
            steps: speech.steps.into_iter(),
        }
    }

    /// The tokens read, known from the start.
    pub(super) fn input_tokens(&self) -> u64 {
        self.usage.input
    }

    fn enter(&mut self, step: Step) {
        match step {
            Step::Thinking(text) => self.open(Block::Thinking, pieces(text), self.pace),
            Step::Text(Text::Plain(text)) => self.open(Block::Text, pieces(text), self.pace),
            Step::Text(Text::Letters(text)) => self.open(Block::Text, cut(text, 1), Duration::ZERO),
            Step::Text(Text::Counted { word, count, every }) => {
                self.open(Block::Text, Box::new((0..count).map(move |i| format!("{word}{i} "))), every);
            }
            Step::Text(Text::Kibibytes(count)) => {
                let texts = (0..count).map(|_| "0123456789abcdef".repeat(64));
                self.open(Block::Text, Box::new(texts), Duration::ZERO);
            }
            Step::Call { name, input } => {
                self.stop = Stop::ToolUse;
                let json = input.to_string();
                self.open(Block::Call { name, input }, pieces(json), Duration::ZERO);
            }
            Step::Break(failure) => self.end([Beat::Say(Said::Fail(failure))]),
            Step::Drop => self.end([Beat::Pause(BEFORE_CUT), Beat::Cut]),
        }
    }

    fn open(&mut self, block: Block, texts: Box<dyn Iterator<Item = String> + Send>, every: Duration) {
        self.soon.push_back(Beat::Say(Said::Open(block)));
        self.open = Some(Deltas { texts, every });
    }

    fn end<const N: usize>(&mut self, beats: [Beat; N]) {
        self.soon.extend(beats);
        self.ended = true;
    }

    fn finish(&mut self) {
        if !self.claimed {
            self.usage.output = tokens(self.written);
        }
        self.end([Beat::Say(Said::Finish(End { stop: self.stop, usage: self.usage }))]);
    }

    fn delta(&mut self, mut deltas: Deltas) -> Said {
        let Some(text) = deltas.texts.next() else {
            return Said::Close;
        };
        self.written += text.len();
        if !deltas.every.is_zero() {
            self.soon.push_back(Beat::Pause(deltas.every));
        }
        self.open = Some(deltas);
        Said::Delta(text)
    }
}

impl Iterator for Turn {
    type Item = Beat;

    fn next(&mut self) -> Option<Beat> {
        loop {
            if let Some(beat) = self.soon.pop_front() {
                return Some(beat);
            }
            if let Some(deltas) = self.open.take() {
                return Some(Beat::Say(self.delta(deltas)));
            }
            if self.ended {
                return None;
            }
            match self.steps.next() {
                Some(step) => self.enter(step),
                None => self.finish(),
            }
        }
    }
}

fn pieces(text: String) -> Box<dyn Iterator<Item = String> + Send> {
    cut(text, PIECE)
}

/// The text in pieces of so many characters.
fn cut(mut text: String, size: usize) -> Box<dyn Iterator<Item = String> + Send> {
    Box::new(iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let end = text.char_indices().nth(size).map_or(text.len(), |(at, _)| at);
        let rest = text.split_off(end);
        Some(std::mem::replace(&mut text, rest))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn play(steps: Vec<Step>) -> Vec<Beat> {
        Turn::new(Speech::new(steps), 7, Duration::ZERO).collect()
    }

    fn finish(stop: Stop, output: u64) -> Beat {
        Beat::Say(Said::Finish(End { stop, usage: Usage { input: 7, output } }))
    }

    #[test]
    fn a_text_and_a_call() {
        let input = json!({"command": "ls"});
        let beats = play(vec![Step::say("hi"), Step::Call { name: "bash".to_owned(), input: input.clone() }]);
        let open = Said::Open(Block::Call { name: "bash".to_owned(), input });
        let said = [Said::Open(Block::Text), Said::Delta("hi".to_owned()), Said::Close, open];
        let json = Said::Delta("{\"command\":\"ls\"}".to_owned());
        let mut expected: Vec<Beat> = said.into_iter().chain([json, Said::Close]).map(Beat::Say).collect();
        expected.push(finish(Stop::ToolUse, 4));
        assert_eq!(beats, expected);
    }

    #[test]
    fn pauses_follow_deltas() {
        let every = Duration::from_millis(3);
        let beats = play(vec![Step::Text(Text::Counted { word: "tok", count: 2, every })]);
        assert_eq!(beats.iter().filter(|beat| **beat == Beat::Pause(every)).count(), 2);
        assert_eq!(beats[1], Beat::Say(Said::Delta("tok0 ".to_owned())));
    }

    #[test]
    fn ordinary_texts_have_the_pace_of_the_server() {
        let pace = Duration::from_millis(3);
        let paused = |step| Turn::new(Speech::new(vec![step]), 7, pace).any(|beat| beat == Beat::Pause(pace));
        assert!(paused(Step::say("hi")) && paused(Step::Thinking("hm".to_owned())));
        assert!(!paused(Step::Text(Text::Kibibytes(1))));
    }

    #[test]
    fn nothing_follows_a_break_or_a_cut() {
        let failure = Failure { status: 529, message: "x".to_owned() };
        let beats = play(vec![Step::Break(failure.clone()), Step::say("never")]);
        assert_eq!(beats, [Beat::Say(Said::Fail(failure))]);
        assert_eq!(play(vec![Step::Drop, Step::say("never")]), [Beat::Pause(BEFORE_CUT), Beat::Cut]);
    }

    #[test]
    fn pieces_keep_characters_whole() {
        let letters: Vec<String> = cut("é👍🏽x".to_owned(), 1).collect();
        assert_eq!(letters, ["é", "👍", "🏽", "x"]);
        assert_eq!(pieces("é".repeat(50)).map(|piece| piece.chars().count()).collect::<Vec<_>>(), [24, 24, 2]);
        assert_eq!(pieces(String::new()).count(), 0);
    }
}
