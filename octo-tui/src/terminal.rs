//! The terminal: taken at the start, given back whatever ends the program.

mod probe;
mod steady;

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
    sync::atomic::{AtomicBool, AtomicU16, Ordering},
};

use base64::Engine;
use crossterm::{
    Command, cursor,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
        EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
    },
    style,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::CrosstermBackend, layout::Size};
use rustix::{
    stdio::stdin,
    termios::{Winsize, tcgetwinsize},
};

use self::steady::{Links, Pixels, Steady};
use crate::{
    app::{App, mouse::Mouse},
    config::Environment,
    graphics::{Graphics, Way},
    view,
};

/// Whether the terminal is ours now, so that it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The shape that its cursor has now, by the number of DECSCUSR; 0: its own. Some terminals know of no shapes: nothing is
/// told where nothing changes.
static SHAPE: AtomicU16 = AtomicU16::new(0);

/// Alt before a key is to come as Esc before it, which xterm does where it is told to; and back to what was before.
const ALT_AS_ESCAPE: [&[u8]; 2] = [b"\x1b[?1036;1039s\x1b[?1036;1039h", b"\x1b[?1036;1039r"];

/// The terminal while it is ours. Dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Steady<CrosstermBackend<Frame>>>,
    frame: Frame,
    /// Where pixels are in the frame that is being drawn.
    pixels: Pixels,
    /// Where links are in it.
    links: Links,
    /// The pixels of a cell, as the size of the window has it.
    cell: Option<(u16, u16)>,
    mouse: Mouse,
}

/// The bytes of one frame, collected so that they are written at once.
#[derive(Clone, Debug, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// Takes the terminal. A panic on this thread gives it back before it is told; one on another thread, such as that of a
    /// decoder which stumbles, is for whoever waits there, and nothing of it is written over the screen.
    ///
    /// # Errors
    /// Where it is no terminal.
    pub fn take() -> io::Result<Self> {
        restore_on_panic();
        let frame = Frame::default();
        let (pixels, links) = (Pixels::default(), Links::default());
        let steady = Steady::new(CrosstermBackend::new(frame.clone()), pixels.clone(), links.clone());
        let terminal = Terminal::new(steady)?;
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut out = Vec::new();
        queue(&mut out, EnterAlternateScreen);
        queue(&mut out, EnableBracketedPaste);
        queue(&mut out, EnableFocusChange);
        out.extend_from_slice(ALT_AS_ESCAPE[0]);
        write_out(&out)?;
        Ok(Self { terminal, frame, pixels, links, cell: None, mouse: Mouse::Free })
    }

    /// The columns and rows.
    ///
    /// # Errors
    /// Where the terminal does not tell.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let Size { width, height } = self.terminal.size()?;
        Ok((width, height))
    }

    /// Asks the terminal what it can do. Where it can tell keys apart that others cannot, it is to do so. Given back are how
    /// it shows pictures, and what was typed meanwhile, to be typed.
    ///
    /// # Errors
    /// Where the terminal cannot be read or written.
    pub fn ask(&mut self, environment: &Environment) -> io::Result<(Graphics, String)> {
        let heard = probe::ask(environment.in_tmux)?;
        if heard.keyboard {
            let mut out = Vec::new();
            queue(&mut out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES));
            write_out(&out)?;
        }
        self.cell = tcgetwinsize(stdin()).ok().and_then(cell);
        Ok((graphics(&heard, self.cell, environment), heard.typed))
    }

    /// The size of the window changed: the size that cells have now, where that changed with it.
    pub fn cell_changed(&mut self) -> Option<(u16, u16)> {
        let now = tcgetwinsize(stdin()).ok().and_then(cell)?;
        (self.cell.replace(now) != Some(now)).then_some(now)
    }

    /// Draws the app, as one write that the terminal shows at once. Gives the bytes that it took.
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn draw(&mut self, app: &App) -> io::Result<usize> {
        queue(&mut self.frame.0.borrow_mut(), BeginSynchronizedUpdate);
        let begun = self.frame.0.borrow().len();
        self.terminal.draw(|frame| {
            view::draw(app, frame);
            self.pixels.find(frame.buffer_mut());
            self.links.set(view::panes::links(app), frame.buffer_mut());
        })?;
        shape(&mut self.frame.0.borrow_mut(), app.cursor_style());
        if self.frame.0.borrow().len() == begun {
            // Nothing looks different.
            self.frame.0.borrow_mut().clear();
            return Ok(0);
        }
        queue(&mut self.frame.0.borrow_mut(), EndSynchronizedUpdate);
        let bytes = std::mem::take(&mut *self.frame.0.borrow_mut());
        write_out(&bytes)?;
        Ok(bytes.len())
    }

    /// Forgets what is on the screen, so that the next frame draws everything.
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Takes so much of the mouse, and lets go of the rest.
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        let before = std::mem::replace(&mut self.mouse, mouse);
        if before == mouse {
            return Ok(());
        }
        let mut out = Vec::new();
        if before != Mouse::Free {
            queue(&mut out, DisableMouseCapture);
        }
        match mouse {
            Mouse::Free => {}
            // Movements would be a word from the terminal and a frame for each.
            Mouse::Buttons => out.extend_from_slice(b"\x1b[?1000h\x1b[?1002h\x1b[?1015h\x1b[?1006h"),
            Mouse::Motion => queue(&mut out, EnableMouseCapture),
        }
        write_out(&out)
    }

    /// Hands text to the terminal, for the clipboard of whoever sits before it (OSC 52).
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn copy(&self, text: &str) -> io::Result<()> {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        write_out(format!("\x1b]52;c;{encoded}\x07").as_bytes())
    }

    /// Sends a picture, to be drawn later.
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn send(&self, picture: &str) -> io::Result<()> {
        write_out(picture.as_bytes())
    }

    /// Rings the bell.
    ///
    /// # Errors
    /// Where the terminal cannot be written.
    pub fn ring(&self) -> io::Result<()> {
        write_out(b"\x07")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The pixels of a cell of such a window, where it tells of pixels.
fn cell(size: Winsize) -> Option<(u16, u16)> {
    let side = |pixels: u16, cells: u16| pixels.checked_div(cells).filter(|side| *side > 1);
    Some((side(size.ws_xpixel, size.ws_col)?, side(size.ws_ypixel, size.ws_row)?))
}

/// How a terminal shows pictures that said this of itself.
fn graphics(heard: &probe::Heard, reckoned: Option<(u16, u16)>, environment: &Environment) -> Graphics {
    let program = environment.program.as_deref().unwrap_or_default();
    let named = |name: &str| heard.name.contains(name) || program.contains(name);
    let takes_files = named("iTerm") || named("WezTerm") || named("mintty");
    let way = match heard.cell.or(reckoned) {
        _ if environment.no_color => Way::Not,
        // Without the size of a cell nobody knows how many of them a picture takes.
        None => Way::HalfBlocks,
        // It answers to kitty's protocol but knows no placeholders, and what was drawn as sixels stays under text.
        Some(_) if named("Konsole") => Way::HalfBlocks,
        // These answer to kitty's protocol too, and know no placeholders either.
        Some(_) if takes_files => Way::Iterm2,
        Some(_) if heard.kitty => Way::Kitty,
        Some(_) if heard.sixel => Way::Sixel,
        Some(_) => Way::HalfBlocks,
    };
    let cell = heard.cell.or(reckoned).unwrap_or(Graphics::default().cell);
    Graphics { way, cell, widest: heard.widest.filter(|_| way == Way::Sixel) }
}

fn restore_on_panic() {
    let (before, own) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == own {
            give_back();
        }
        if !TAKEN.load(Ordering::SeqCst) {
            before(panic);
        }
    }));
}

/// Gives the cursor a shape, where it has another.
fn shape(out: &mut Vec<u8>, wanted: u16) {
    if SHAPE.swap(wanted, Ordering::SeqCst) != wanted {
        out.extend_from_slice(format!("\x1b[{wanted} q").as_bytes());
    }
}

/// Undoes everything that was set. Where the terminal is gone there is nobody to tell.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    drop(write_out(&farewell()));
    drop(disable_raw_mode());
}

/// What undoes everything.
fn farewell() -> Vec<u8> {
    let mut out = Vec::new();
    queue(&mut out, EndSynchronizedUpdate);
    queue(&mut out, PopKeyboardEnhancementFlags);
    queue(&mut out, DisableMouseCapture);
    queue(&mut out, DisableFocusChange);
    out.extend_from_slice(ALT_AS_ESCAPE[1]);
    queue(&mut out, DisableBracketedPaste);
    queue(&mut out, style::ResetColor);
    queue(&mut out, LeaveAlternateScreen);
    // Some terminals keep the modes of each screen apart.
    queue(&mut out, DisableMouseCapture);
    queue(&mut out, cursor::Show);
    shape(&mut out, 0);
    out
}

/// Appends the sequence of a command.
fn queue(out: &mut Vec<u8>, command: impl Command) {
    let mut text = String::new();
    // Writing to a string does not fail.
    if command.write_ansi(&mut text).is_ok() {
        out.extend_from_slice(text.as_bytes());
    }
}

fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_the_cursor_is_told_when_it_changes_and_given_back() {
        let gives_back = || String::from_utf8(farewell()).unwrap().contains(" q");
        assert!(!gives_back(), "nobody changed it");
        let mut out = Vec::new();
        [0, 5, 5, 2, 0, 6].into_iter().for_each(|wanted| shape(&mut out, wanted));
        assert_eq!(String::from_utf8(out).unwrap(), "\x1b[5 q\x1b[2 q\x1b[0 q\x1b[6 q");
        assert!(String::from_utf8(farewell()).unwrap().contains("\x1b[0 q"));
        assert!(!gives_back(), "it is given back once");
    }

    #[test]
    fn the_size_of_a_cell_is_reckoned_where_the_window_has_pixels() {
        let window = |ws_xpixel, ws_ypixel| Winsize { ws_row: 24, ws_col: 80, ws_xpixel, ws_ypixel };
        assert_eq!(cell(window(640, 408)), Some((8, 17)));
        for (width, height) in [(0, 0), (640, 0), (80, 24)] {
            assert_eq!(cell(window(width, height)), None);
        }
        assert_eq!(cell(Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 640, ws_ypixel: 480 }), None);
    }

    #[test]
    fn pictures_are_shown_in_the_best_way_that_a_terminal_has() {
        let heard = |name: &str, kitty, sixel| probe::Heard {
            name: name.to_owned(),
            kitty,
            sixel,
            cell: Some((9, 21)),
            ..probe::Heard::default()
        };
        let plain = Environment::default();
        for (heard, way) in [
            (heard("kitty(0.40)", true, false), Way::Kitty),
            (heard("ghostty 1.1", true, false), Way::Kitty),
            (heard("WezTerm 2024", true, true), Way::Iterm2),
            (heard("iTerm2 3.5", false, true), Way::Iterm2),
            (heard("Konsole 24.12", true, true), Way::HalfBlocks),
            (heard("foot(1.16)", false, true), Way::Sixel),
            (heard("", false, false), Way::HalfBlocks),
        ] {
            assert_eq!(graphics(&heard, None, &plain), Graphics { way, cell: (9, 21), widest: None }, "{heard:?}");
        }
        let unknown = probe::Heard { sixel: true, ..probe::Heard::default() };
        assert_eq!(graphics(&unknown, None, &plain), Graphics::default(), "how large is a cell?");
        let sixel = Graphics { way: Way::Sixel, cell: (8, 16), widest: None };
        assert_eq!(graphics(&unknown, Some((8, 16)), &plain), sixel);
        let narrow = probe::Heard { sixel: true, widest: Some(1000), ..probe::Heard::default() };
        assert_eq!(graphics(&narrow, Some((8, 16)), &plain), Graphics { widest: Some(1000), ..sixel });
        let other = probe::Heard { kitty: true, ..narrow };
        assert_eq!(graphics(&other, Some((8, 16)), &plain).widest, None, "this is about sixels");
        let iterm = Environment { program: Some("iTerm.app".to_owned()), ..Environment::default() };
        assert_eq!(graphics(&unknown, Some((8, 16)), &iterm).way, Way::Iterm2);
        let plain = Environment { no_color: true, ..Environment::default() };
        assert_eq!(graphics(&unknown, Some((8, 16)), &plain).way, Way::Not);
    }
}
