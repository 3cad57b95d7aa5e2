//! Commands that begin with a slash: our own, as far as the session can do them, and the agent's.

use octo_proto::{
    Command,
    command::CommandList,
    id::SessionId,
    session::{Capabilities, SlashCommand},
};

use super::App;

/// One of our own commands.
struct Own {
    name: &'static str,
    about: &'static str,
    /// Whether a session can do it.
    can: fn(&Capabilities) -> bool,
    /// What is said where it cannot.
    cannot: &'static str,
    run: fn(&mut App, &str),
}

const OWN: &[Own] = &[
    Own {
        name: "attach",
        about: "FILE: show the agent a picture with the next prompt",
        can: |can| can.images,
        cannot: "this agent, or its model, cannot be shown pictures",
        run: App::attach_named,
    },
    Own {
        name: "compact",
        about: "[WHAT TO KEEP]: make room in the agent's context",
        can: |can| can.compact,
        cannot: "this agent's context cannot be compacted from here",
        run: App::compact,
    },
    Own {
        name: "mode",
        about: "[NAME]: change the agent's mode",
        can: |can| !can.modes.is_empty(),
        cannot: "this agent has no modes",
        run: App::set_mode,
    },
];

impl App {
    /// Does what is written, where it is one of our own commands; whether it was.
    pub(super) fn run_own(&mut self) -> bool {
        let text = self.open.composer.text().trim().to_owned();
        let Some(line) = text.strip_prefix('/') else { return false };
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let Some(own) = OWN.iter().find(|own| own.name == name) else { return false };
        if !(own.can)(&self.capabilities()) {
            // The agent may have one of this name.
            if self.agent_commands().any(|command| command.name == name) {
                return false;
            }
            self.complain_of(own.cannot);
            return true;
        }
        self.open.composer.take();
        (own.run)(self, rest.trim());
        true
    }

    fn attach_named(&mut self, path: &str) {
        if path.is_empty() {
            self.say("which file? /attach FILE");
            self.open.composer.set("/attach ");
        } else {
            self.attach(path, None);
        }
    }

    fn compact(&mut self, keep: &str) {
        let Some(id) = self.open.id().cloned() else {
            self.say("there is nothing to compact yet");
            return;
        };
        let instructions = Some(keep.to_owned()).filter(|keep| !keep.is_empty());
        self.ask(Some(&id), Command::Compact { instructions });
    }

    fn set_mode(&mut self, mode: &str) {
        if mode.is_empty() {
            self.pick_mode();
            return;
        }
        match self.open.id().cloned() {
            Some(_) if !self.capabilities().modes.iter().any(|known| known == mode) => {
                self.complain_of(format!("the modes are: {}", self.capabilities().modes.join(", ")));
            }
            Some(id) => {
                self.ask(Some(&id), Command::SetMode { mode: mode.to_owned() });
            }
            None => self.say("a session gets its mode after its first prompt"),
        }
    }

    /// Completes a slash command. Where the agent's are not known, they are asked for.
    pub(super) fn complete(&mut self) {
        let found = self.completions();
        let Some((first, others)) = found.split_first() else { return };
        let shared = others.iter().fold(first.name.clone(), |shared, other| {
            shared.chars().zip(other.name.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
        });
        let end = if others.is_empty() { " " } else { "" };
        self.open.composer.set(&format!("/{shared}{end}"));
    }

    /// Asks for the agent's commands where a slash is written and they are not known.
    pub(super) fn ask_commands(&mut self) {
        let wanted = self.capabilities().slash_commands && self.agent_commands().next().is_none();
        let id = self.open.id().cloned();
        if let Some(id) = id.filter(|_| wanted && self.is_connected() && self.completing().is_some()) {
            self.ask(Some(&id), Command::GetCommands {});
        }
    }

    pub(super) fn on_commands(&mut self, session: Option<&SessionId>, list: CommandList) {
        let Some(id) = session else { return };
        if let Some(view) = self.session_mut(id).and_then(|session| session.view.as_mut()) {
            view.live.commands = list.commands;
        }
        if self.open.id() == Some(id) {
            self.complete();
        }
    }

    fn agent_commands(&self) -> impl Iterator<Item = &SlashCommand> {
        self.open.view.iter().flat_map(|view| &view.live.commands)
    }

    /// What stands behind the slash of a command that is being written.
    fn completing(&self) -> Option<&str> {
        self.open.composer.text().strip_prefix('/').filter(|begun| !begun.contains(char::is_whitespace))
    }

    /// The slash commands that what is written can become.
    #[must_use]
    pub fn completions(&self) -> Vec<SlashCommand> {
        let Some(begun) = self.completing() else { return Vec::new() };
        let can = self.capabilities();
        let own = OWN
            .iter()
            .filter(|own| (own.can)(&can))
            .map(|own| SlashCommand { name: own.name.to_owned(), description: Some(own.about.to_owned()) });
        let mut all: Vec<SlashCommand> = own.filter(|own| own.name.starts_with(begun)).collect();
        for command in self.agent_commands().filter(|command| command.name.starts_with(begun)) {
            if !all.iter().any(|known| known.name == command.name) {
                all.push(command.clone());
            }
        }
        all
    }
}
