//! The only loop: what happens goes into the app, what it wants is done, and the screen follows.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use bytes::Bytes;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use octo_proto::{hello::Hello, id::RequestId};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{
        App, Options,
        effect::{Asked, Effect, Wall},
        input::{Heard, Input, What},
    },
    config::Environment,
    graphics::{self, Graphics, Way},
    layouts::Layouts,
    link::{Link, now},
    picture, program,
    syntax::tokens,
    terminal::Screen,
};

/// Frames are at least this far apart.
const FRAME: Duration = Duration::from_micros(16_667);

/// Bytes in a second that are sent through SSH unless a key was pressed. What is written faster than the line carries
/// waits in buffers that nobody can recall, and keys would be answered behind it.
const REMOTE_BYTES: u64 = 96 * 1024;

/// Things that happened which are taken in before a frame is drawn between them.
const AT_ONCE: usize = 256;

/// The longest time that a picture may take to be drawn.
const DRAWING: Duration = Duration::from_secs(10);

/// How long the end waits for what was typed to be handed to octod.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// With what the loop begins.
#[derive(Debug)]
pub struct Setup {
    /// With what the app begins.
    pub options: Options,
    /// Where octod listens.
    pub socket: PathBuf,
    /// How it is greeted.
    pub hello: Hello,
    /// What the environment says.
    pub environment: Environment,
    /// Where the layouts of workspaces are kept.
    pub layouts: PathBuf,
}

/// Runs until the person or a signal ends it.
///
/// # Errors
/// Where the terminal cannot be used.
pub fn run(setup: Setup) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let outcome = runtime.block_on(enter(setup));
    // A thread may be waiting for a key.
    runtime.shutdown_background();
    outcome
}

async fn enter(setup: Setup) -> io::Result<()> {
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let signals = Signals::listen()?;
    let screen = Screen::take()?;
    let link = Link::start(setup.socket, setup.hello, &tasks, stop.clone());
    let app = App::new(setup.options, screen.size()?);
    let remote = setup.environment.is_remote;
    let mut task = Loop {
        app,
        screen,
        link,
        backlog: VecDeque::new(),
        reading: JoinSet::new(),
        layouts: Layouts::new(setup.layouts),
        graphics: Graphics::default(),
        environment: setup.environment,
        pace: Pace { remote, next: Instant::now(), soon: Instant::now(), keyed: 0 },
        quit: false,
    };
    let outcome = task.run(&stop, signals).await;
    task.keep();
    task.hand_over().await;
    drop(task);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    outcome
}

/// The signals that end the program.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Frames that show nothing and are not counted after a key.
const EMPTY: u8 = 4;

/// When the next frame may be drawn.
struct Pace {
    remote: bool,
    /// A frame that nobody waits for.
    next: Instant,
    /// A frame that answers a key.
    soon: Instant,
    /// Frames after a key that may show nothing without being counted.
    keyed: u8,
}

impl Pace {
    fn drawn(&mut self, bytes: usize) {
        if bytes == 0 && self.keyed > 0 {
            // A key, and octod's word that it arrived, show nothing by themselves: what the program says to it comes at once.
            self.keyed -= 1;
            return;
        }
        self.keyed = 0;
        let at = Instant::now();
        let carried = Duration::from_micros(bytes as u64 * 1_000_000 / REMOTE_BYTES);
        self.soon = at + FRAME;
        self.next = at + if self.remote { FRAME.max(carried) } else { FRAME };
    }

    fn hurry(&mut self) {
        self.keyed = EMPTY;
        self.next = self.next.min(self.soon);
    }
}

struct Loop {
    app: App,
    screen: Screen,
    link: Link,
    /// Requests that the link could not take at once.
    backlog: VecDeque<Asked>,
    /// Files that are being read, and programs that run.
    reading: JoinSet<What>,
    layouts: Layouts,
    graphics: Graphics,
    environment: Environment,
    pace: Pace,
    quit: bool,
}

impl Loop {
    async fn run(&mut self, stop: &CancellationToken, mut signals: Signals) -> io::Result<()> {
        // The first frame is drawn before anything is asked of anyone.
        self.draw()?;
        let (graphics, typed) = self.screen.ask(&self.environment)?;
        self.graphics = graphics;
        if !typed.is_empty() {
            self.take(What::Paste(typed))?;
        }
        let mut keys = EventStream::new();
        while !self.quit {
            let frame = self.app.is_changed().then_some(self.pace.next);
            let wake = self.app.wake_at();
            let asked = self.link.asked.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = signals.any() => return Ok(()),
                event = keys.next() => match event {
                    Some(event) => self.on_terminal(event?)?,
                    // The terminal is gone.
                    None => return Ok(()),
                },
                () = until(frame) => self.draw()?,
                permit = asked.reserve(), if !self.backlog.is_empty() => {
                    if let (Ok(permit), Some(asked)) = (permit, self.backlog.pop_front()) {
                        permit.send(asked);
                    }
                }
                heard = self.link.heard.recv() => match heard {
                    Some(heard) => self.on_heard(heard)?,
                    None => return Err(io::Error::other("the link to octod has ended")),
                },
                Some(read) = self.reading.join_next() => if let Ok(what) = read { self.on_read(what)? },
                () = until_time(wake) => self.take(What::Tick)?,
            }
        }
        Ok(())
    }

    fn on_terminal(&mut self, event: Event) -> io::Result<()> {
        let what = match event {
            Event::Key(key) => What::Key(key),
            Event::Paste(text) => What::Paste(text),
            Event::Mouse(mouse) => What::Mouse(mouse),
            Event::Resize(columns, rows) => What::Resize(columns, rows),
            Event::FocusGained => What::Focus(true),
            Event::FocusLost => What::Focus(false),
        };
        #[cfg(debug_assertions)]
        if matches!(what, What::Key(_)) {
            #[expect(clippy::panic, reason = "the tests of what becomes of the terminal")]
            match self.environment.panic_on_key.as_deref() {
                Some("elsewhere") => drop(self.reading.spawn_blocking(|| panic!("as the test asked"))),
                Some(_) => panic!("as the test asked"),
                None => {}
            }
        }
        self.pace.hurry();
        let resized = matches!(what, What::Resize(..));
        self.take(what)?;
        // Another font: what is drawn in pixels has the size of the old one.
        if resized
            && let Some(cell) = self.screen.cell_changed()
            && self.graphics.cell != cell
            && matches!(self.graphics.way, Way::Kitty | Way::Iterm2 | Way::Sixel)
        {
            self.graphics.cell = cell;
            self.take(What::Cells)?;
        }
        Ok(())
    }

    /// Takes in what the link told, and what it told meanwhile, so that many events make one frame.
    fn on_heard(&mut self, heard: Heard) -> io::Result<()> {
        self.take(What::Link(heard))?;
        let begun = Instant::now();
        for _ in 1..AT_ONCE {
            // Keys come first, also while a program floods its terminal.
            if begun.elapsed() > FRAME / 2 {
                break;
            }
            match self.link.heard.try_recv() {
                Ok(heard) => self.take(What::Link(heard))?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Something was done away from the screen.
    fn on_read(&mut self, mut what: What) -> io::Result<()> {
        if let What::Drawn { drawn: Ok(form), .. } = &mut what {
            self.screen.send(&form.take_sent())?;
        }
        self.take(what)
    }

    fn take(&mut self, what: What) -> io::Result<()> {
        let effects = self.app.on(Input { at: now(), what });
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Send(asked) => self.send(*asked),
                Effect::Read { upload, path } => self.read(upload, path),
                Effect::Draw { place, bytes, room, id } => self.prepare_picture(place, bytes, room, id),
                Effect::Run(words) => {
                    self.reading.spawn(async move { What::Ran(program::run(&words).await) });
                }
                Effect::Highlight { pane, number, path, text } => {
                    let tokens = move || What::Highlighted { pane, number, tokens: tokens(&path, &text) };
                    self.reading.spawn_blocking(tokens);
                }
                Effect::LoadLayout { root } => {
                    let layouts = self.layouts.clone();
                    self.reading.spawn_blocking(move || What::Layout { text: layouts.load(&root), root });
                }
                // A few bytes, seldom, and they must be there before the program ends. Where they cannot be written, the panes
                // are not brought back: nothing that a person could mend from here.
                Effect::SaveLayout { root, text } => drop(self.layouts.save(&root, &text)),
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Bell => self.screen.ring()?,
                Effect::Redraw => self.screen.forget()?,
                Effect::Quit => self.quit = true,
            }
        }
        Ok(())
    }

    /// On a thread of its own: a disk may be slow, and far away.
    fn read(&mut self, upload: RequestId, path: String) {
        self.reading.spawn_blocking(move || What::Read { image: picture::read(path.as_ref()), upload });
    }

    /// On a thread of its own. One that takes too long is not waited for: it ends by itself, since all it does is bounded.
    fn prepare_picture(&mut self, place: Wall, bytes: Bytes, room: (u16, u16), id: u32) {
        let graphics = self.graphics;
        let drawing = tokio::task::spawn_blocking(move || graphics::prepare(&bytes, room, id, &graphics));
        self.reading.spawn(async move {
            let drawn = match tokio::time::timeout(DRAWING, drawing).await {
                Ok(Ok(drawn)) => drawn,
                // The decoder stumbled over it.
                Ok(Err(_)) => Err("it cannot be shown".to_owned()),
                Err(_) => Err("it takes too long to draw".to_owned()),
            };
            What::Drawn { place, drawn }
        });
    }

    /// Never waits: the link may itself be waiting for the app.
    fn send(&mut self, asked: Asked) {
        self.backlog.push_back(asked);
        while let Some(asked) = self.backlog.pop_front() {
            if let Err(refused) = self.link.asked.try_send(asked) {
                self.backlog.push_front(refused.into_inner());
                break;
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let effects = self.app.prepare();
        self.perform(effects)?;
        self.screen.set_mouse(self.app.mouse())?;
        let bytes = self.screen.draw(&self.app)?;
        self.pace.drawn(bytes);
        Ok(())
    }

    /// What is still to be kept is kept, whatever ended the program.
    fn keep(&mut self) {
        for effect in self.app.end() {
            if let Effect::SaveLayout { root, text } = effect {
                drop(self.layouts.save(&root, &text));
            }
        }
    }

    /// What was sent and not yet answered is given a moment: it was typed, so it must not be lost.
    async fn hand_over(&mut self) {
        let until = tokio::time::Instant::now() + LAST_WORDS;
        while self.app.holds_changes() {
            match tokio::time::timeout_at(until, self.link.heard.recv()).await {
                Ok(Some(heard)) => drop(self.take(What::Link(heard))),
                Ok(None) | Err(_) => return,
            }
        }
    }
}

async fn until(frame: Option<Instant>) {
    match frame {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The clock of people may jump; a wait is reckoned anew from it each time.
async fn until_time(at: Option<i64>) {
    match at {
        Some(at) => tokio::time::sleep(Duration::from_millis(u64::try_from(at - now()).unwrap_or(0))).await,
        None => std::future::pending().await,
    }
}
