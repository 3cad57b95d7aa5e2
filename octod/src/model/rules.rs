//! The rules: what a conversation is answered with. A pure function.

use std::time::Duration;

use super::{
    ask::{Ask, Show, Work},
    conversation::{Conversation, Prompt},
    replies,
    step::{Answer, Failure, Speech, Step, Text, Usage},
    tools::Deed,
};

/// The answer to a conversation that is asked for the `attempt`th time (from 1).
pub(super) fn answer(conversation: &Conversation, attempt: u32) -> Answer {
    if wants_summary(&conversation.system) {
        return say(replies::SUMMARY);
    }
    let prompt = conversation.prompt();
    match Ask::parse(prompt.text) {
        Ask::Work(work) => do_work(&work, &prompt, conversation),
        Ask::Show(show) => perform(&show, attempt),
        Ask::Other => say(replies::echo(prompt.text)),
    }
}

/// Whether an agent asks for a summary of its context.
fn wants_summary(system: &str) -> bool {
    let system = system.to_lowercase();
    system.contains("summarization assistant") || system.contains("tasked with summarizing")
}

fn do_work(work: &Work<'_>, prompt: &Prompt<'_>, conversation: &Conversation) -> Answer {
    let rounds = if let Work::Loop { rounds, .. } = work { *rounds } else { 1 };
    if prompt.turns >= rounds {
        return say(replies::conclude(work, &prompt.results));
    }
    let call = |deed: Deed<'_>, wanted: &str| match deed.call(&conversation.tools) {
        Some(call) => Step::Call { name: call.name, input: call.input },
        None => Step::say(replies::no_tool(wanted)),
    };
    let shell = |command| call(Deed::Shell { command }, "that runs a command");
    speak(match work {
        Work::Run(command) => vec![Step::say("Running it."), shell(command)],
        Work::Both(one, two) => vec![shell(one), shell(two)],
        Work::Loop { command, .. } => vec![shell(command)],
        Work::Write { path, content } => {
            vec![call(Deed::Write { path, content }, "that writes a file")]
        }
        Work::Edit { path, old, new } => {
            vec![call(Deed::Edit { path, old, new }, "that edits a file")]
        }
        Work::Read(path) => vec![call(Deed::Read { path }, "that reads a file")],
        Work::Tool { name, input } => {
            let offered = conversation.tools.iter().any(|tool| tool.name == *name);
            vec![if offered {
                Step::Call { name: (*name).to_owned(), input: input.clone() }
            } else {
                Step::say(replies::no_tool(&format!("called `{name}`")))
            }]
        }
    })
}

fn perform(show: &Show, attempt: u32) -> Answer {
    match show {
        Show::Hello => say(replies::GREETING),
        Show::Summary => say(replies::SUMMARY),
        Show::Stream { count, every } => speak(vec![counted("tok", *count, *every)]),
        Show::Slow => speak(vec![counted("slow", 300, Duration::from_millis(100))]),
        Show::Big { kibibytes } => speak(vec![Step::Text(Text::Kibibytes(*kibibytes))]),
        Show::Unicode => speak(vec![Step::Text(Text::Letters(replies::UNICODE.to_owned()))]),
        Show::Think => speak(vec![Step::Thinking(replies::THOUGHT.to_owned()), Step::say("The answer is 42.")]),
        Show::Fail { status, times } if times.is_none_or(|times| attempt <= times) => {
            Answer::Refuse(Failure { status: *status, message: format!("scripted failure {status}") })
        }
        Show::Fail { .. } => say(format!("Recovered on attempt {attempt}.")),
        Show::Break => {
            let failure = Failure { status: 529, message: "scripted mid-stream failure".to_owned() };
            speak(vec![Step::say("partial answer before the break "), Step::Break(failure)])
        }
        Show::Drop => speak(vec![Step::say("partial answer before the drop "), Step::Drop]),
        Show::Usage(input) => Answer::Speak(Speech {
            claims: Some(Usage { input: *input, output: 50 }),
            ..Speech::new(vec![Step::say(format!("Reported {input} input tokens."))])
        }),
        Show::Cut => {
            Answer::Speak(Speech { cut: true, ..Speech::new(vec![Step::say("This answer hit the token li")]) })
        }
    }
}

fn counted(word: &'static str, count: u32, every: Duration) -> Step {
    Step::Text(Text::Counted { word, count, every })
}

fn say(text: impl Into<String>) -> Answer {
    speak(vec![Step::say(text)])
}

fn speak(steps: Vec<Step>) -> Answer {
    Answer::Speak(Speech::new(steps))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A conversation of these roles and texts with a shell on offer.
    fn conversation(log: &[(&str, &str)]) -> Conversation {
        let messages: Vec<Value> =
            log.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        let tools = json!([{"name": "bash", "input_schema": {"properties": {"command": {}}}}]);
        Conversation::read(&json!({"messages": messages, "tools": tools}), 100)
    }

    fn bash(command: &str) -> Step {
        Step::Call { name: "bash".to_owned(), input: json!({"command": command}) }
    }

    #[test]
    fn work_is_done_and_then_concluded() {
        for (log, steps) in [
            (vec![("user", "run: ls")], vec![Step::say("Running it."), bash("ls")]),
            (
                vec![("user", "run: ls"), ("assistant", ""), ("tool", "a.txt")],
                vec![Step::say("Done. `ls` gave:\n\n```text\na.txt\n```")],
            ),
            (vec![("user", "both: a ;; b")], vec![bash("a"), bash("b")]),
            (vec![("user", "loop 2: a"), ("assistant", ""), ("tool", "")], vec![bash("a")]),
            (
                vec![("user", "loop 1: a"), ("assistant", ""), ("tool", "")],
                vec![Step::say("Done. Round 1 of 1 was the last.\n\n`a` gave no output.")],
            ),
            (vec![("user", "run: a"), ("assistant", ""), ("user", "read f")], vec![bash("cat 'f'")]),
            (vec![("user", "tool bash {\"command\": \"x\"}")], vec![bash("x")]),
            (vec![("user", "tool fly {}")], vec![Step::say("I cannot do that: you offer no tool called `fly`.")]),
        ] {
            assert_eq!(answer(&conversation(&log), 1), speak(steps), "{log:?}");
        }
    }

    #[test]
    fn a_word_gives_a_show() {
        for (log, steps) in [
            (vec![("user", "stream 3 every 7")], vec![counted("tok", 3, Duration::from_millis(7))]),
            (vec![("user", "slow")], vec![counted("slow", 300, Duration::from_millis(100))]),
            (vec![("user", "big 2")], vec![Step::Text(Text::Kibibytes(2))]),
            (vec![("user", "hello")], vec![Step::say(replies::GREETING)]),
            (vec![("user", "good day")], vec![Step::say(replies::echo("good day"))]),
            (
                vec![("system", "You are a summarization assistant."), ("user", "hello")],
                vec![Step::say(replies::SUMMARY)],
            ),
        ] {
            assert_eq!(answer(&conversation(&log), 1), speak(steps), "{log:?}");
        }
    }

    #[test]
    fn failing_ends_after_the_last_time() {
        let failure = Answer::Refuse(Failure { status: 503, message: "scripted failure 503".to_owned() });
        let (twice, ever) = (conversation(&[("user", "fail 503 x2")]), conversation(&[("user", "fail 503")]));
        assert_eq!(
            [answer(&twice, 1), answer(&twice, 2), answer(&ever, 99)],
            [failure.clone(), failure.clone(), failure]
        );
        assert_eq!(answer(&twice, 3), say("Recovered on attempt 3."));
    }

    #[test]
    fn without_a_tool_it_says_so() {
        let alone = Conversation::read(&json!({"messages": [{"role": "user", "content": "read a"}]}), 1);
        assert_eq!(answer(&alone, 1), say("I cannot do that: you offer no tool that reads a file."));
    }

    #[test]
    fn usage_and_the_limit_are_claimed() {
        let Answer::Speak(speech) = answer(&conversation(&[("user", "usage 9")]), 1) else { panic!("refused") };
        assert_eq!(speech.claims, Some(Usage { input: 9, output: 50 }));
        let Answer::Speak(speech) = answer(&conversation(&[("user", "cut")]), 1) else { panic!("refused") };
        assert!(speech.cut);
    }
}
