//! The status line: how the link and the session stand, what it works with, what it costs.

use octo_proto::session::{Model, Phase, SessionState};
use ratatui::{
    Frame,
    text::{Line, Span},
};

use crate::{
    app::{App, SPIN_MS},
    keymap::{self, Context},
    link::state::Status,
    state::{overlay::Overlay, session::Target},
    text::{
        clean::clean_line,
        wrap::{spans_width, truncate, width},
    },
};

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠛"];

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let theme = &app.options.theme;
    let area = app.areas.status;
    let room = usize::from(area.width);
    let right = right(app);
    let mut left = vec![Span::raw(" ")];
    left.extend(match &app.notice {
        Some(notice) => {
            let style = if notice.is_error { theme.bad } else { theme.warn };
            // What failed is worth the whole line.
            let text = truncate(&clean_line(&notice.text), room.saturating_sub(2));
            vec![Span::styled(text, style)]
        }
        None if app.awaits_key() => {
            let keys = "t terminal · f files · g changes · Space all · ? keys · \
                        | - split · arrows go · z alone · x close · n p tabs · u links";
            let prefix = format!("{} ", keymap::name(app.options.prefix));
            let room = room.saturating_sub(width(&prefix) + 2);
            vec![Span::styled(prefix, theme.accent), Span::styled(truncate(keys, room), theme.dim)]
        }
        None if matches!(app.overlay, Some(Overlay::Sessions { .. })) => {
            let keys = "Enter opens · n new · r rename · s stop · d delete · Esc closes";
            vec![Span::styled(truncate(keys, room.saturating_sub(2)), theme.dim)]
        }
        None => standing(app),
    });
    let gap = room.saturating_sub(spans_width(&left) + width(&right) + 1);
    if gap > 0 {
        left.push(Span::raw(" ".repeat(gap)));
        left.push(Span::styled(right, theme.dim));
    }
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(left), area.width);
}

fn right(app: &App) -> String {
    let needing = match app.index.needing(app.open.id()) {
        0 => None,
        1 => Some("1 session needs you".to_owned()),
        count => Some(format!("{count} sessions need you")),
    };
    // Where it is the program's key, or is not looked at, nothing is said of it.
    let helps = app.context() != Context::Terminal && !app.pane_is_typing();
    needing.into_iter().chain(helps.then(|| "F1 help".to_owned())).collect::<Vec<_>>().join(" · ")
}

fn standing(app: &App) -> Vec<Span<'static>> {
    let theme = &app.options.theme;
    let mut parts = vec![state(app)];
    let plain = |text: String| Span::styled(text, theme.dim);
    if let Some(pane) = app.workspace.focused() {
        let room = usize::from(app.areas.status.width).saturating_sub(spans_width(&parts) + 5);
        parts.push(plain(truncate(&hint(app, pane.context()), room)));
        return joined(app, parts);
    }
    parts.extend(app.model().map(|model| plain(clean_line(model))));
    parts.extend(app.level().map(|level| plain(clean_line(level))));
    parts.extend(app.open.info().and_then(|info| info.mode.as_ref()).map(|mode| plain(clean_line(mode))));
    if let Some(usage) = app.open.view.as_ref().and_then(|view| view.live.usage.as_ref()) {
        if let (Some(tokens), Some(window @ 1..)) = (usage.context_tokens, usage.context_window) {
            let percent = tokens.saturating_mul(100) / window;
            let text = match app.areas.status.width {
                0..100 => format!("{percent} %"),
                _ => format!("{} of {} ({percent} %)", count(tokens), count(window)),
            };
            parts.push(if percent >= 80 { Span::styled(text, theme.warn) } else { plain(text) });
        }
        if app.capabilities().cost {
            parts.extend(usage.total.cost_usd.filter(|cost| *cost > 0.0).map(|cost| plain(format!("${cost:.2}"))));
        }
    }
    joined(app, parts)
}

/// The keys of a pane that are needed most; first the one that leads to all others, since the end may be cut.
fn hint(app: &App, context: Context) -> String {
    let prefix = keymap::name(app.options.prefix);
    match context {
        Context::Tree => "? keys · Enter opens · / finds · d changes · e your editor · . hidden".to_owned(),
        Context::File => "? keys · / searches · c writes about the line · d changes · e your editor".to_owned(),
        Context::Picture => "? keys · e your editor · R looks again".to_owned(),
        Context::Diff => "? keys · n p hunks · s stages · u unstages · r reverts · c comments · t sides".to_owned(),
        Context::Terminal => format!("{prefix} ?: keys · {prefix} and a key: panes · {prefix} i: conversation"),
        _ => format!("? keys · {prefix} and a key: panes"),
    }
}

fn joined(app: &App, parts: Vec<Span<'static>>) -> Vec<Span<'static>> {
    let theme = &app.options.theme;
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(Span::styled(" · ", theme.dim));
        }
        spans.push(part);
    }
    spans
}

fn state(app: &App) -> Span<'static> {
    let theme = &app.options.theme;
    match &app.link {
        Status::Connecting if app.index.cursor.is_none() => return Span::styled("connecting…", theme.dim),
        Status::Connecting => return Span::styled("connecting again…", theme.warn),
        Status::Down { why, again_at } => {
            let seconds = ((again_at - app.now).max(0) + 999) / 1000;
            // Why may be long; what matters more than that stands before it.
            let kept = if app.holds_changes() { " · what you sent is kept" } else { "" };
            let hint = if app.is_down_for_long() { " · `octo` starts octod" } else { "" };
            let text = format!("no connection, again in {seconds} s{kept}{hint} · {}", clean_line(why));
            return Span::styled(text, theme.bad);
        }
        Status::Up(_) if app.runner_lost => return Span::styled("waiting for the runner…", theme.warn),
        Status::Up(_) => {}
    }
    if matches!(app.open.target, Target::Fresh(_)) {
        return Span::styled("new", theme.dim);
    }
    match app.state() {
        None => Span::styled("opening…", theme.dim),
        Some(_) if app.open.question().is_some() => Span::styled("? needs you", theme.warn),
        Some(SessionState::Stopped) => Span::styled("○ stopped", theme.dim),
        Some(SessionState::Idle) => Span::styled("● idle", theme.good),
        Some(SessionState::Starting) => Span::styled(format!("{} starting", spinner(app)), theme.warn),
        Some(SessionState::Working { phase, detail }) => {
            let text = format!("{} {}", spinner(app), working(app, *phase, detail.as_deref()));
            Span::styled(text, theme.warn)
        }
        Some(SessionState::Error { message }) => Span::styled(format!("✗ {}", clean_line(message)), theme.bad),
        Some(SessionState::Unavailable) => Span::styled("! the agent cannot be reached", theme.bad),
    }
}

fn spinner(app: &App) -> &'static str {
    let at = usize::try_from(app.now.div_euclid(SPIN_MS)).unwrap_or(0);
    SPINNER[at % SPINNER.len()]
}

/// What a working agent does, in words.
fn working(app: &App, phase: Phase, detail: Option<&str>) -> String {
    let short = |columns: usize| detail.map(|text| format!(" {}", truncate(&clean_line(text), columns)));
    match (phase, app.open.retry) {
        (Phase::Retrying, Some(retry)) => {
            let seconds = ((retry.at - app.now).max(0) + 999) / 1000;
            let why = short(40).unwrap_or_default();
            format!("try {} of {} in {seconds} s:{why}", retry.attempt, retry.max_attempts)
        }
        (Phase::Compacting, _) => match detail {
            Some("threshold") => "compacting: its context is nearly full".to_owned(),
            Some("overflow") => "compacting: its context was full".to_owned(),
            _ => name(phase).to_owned(),
        },
        _ => format!("{}{}", name(phase), short(24).unwrap_or_default()),
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Initializing => "getting ready",
        Phase::Generating => "writing",
        Phase::Thinking => "thinking",
        Phase::ToolRunning => "running a tool",
        Phase::Compacting => "compacting",
        Phase::Retrying => "waiting to try again",
    }
}

/// A number of tokens, in few characters.
#[must_use]
pub fn count(tokens: u64) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{}k", tokens / 1_000),
        _ => format!("{}M", tokens / 1_000_000),
    }
}

/// What a model can hold, in few characters.
#[must_use]
pub fn window(model: &Model) -> String {
    let window = model.context_window.map(count);
    let thinks = model.reasoning.then(|| "thinks".to_owned());
    window.into_iter().chain(thinks).collect::<Vec<_>>().join(" · ")
}
