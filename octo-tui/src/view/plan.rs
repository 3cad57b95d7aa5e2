//! The agent's plan as a list to tick off, above the composer. Folded, it is the step under way.

use octo_proto::session::PlanEntry;
use ratatui::{
    Frame,
    text::{Line, Span},
};

use crate::{
    app::App,
    text::{
        clean::clean_line,
        wrap::{truncate, width},
    },
};

/// Steps that are shown at most.
const SHOWN: usize = 8;

fn steps(app: &App) -> &[PlanEntry] {
    match &app.open.view {
        Some(view) if app.capabilities().plan => &view.live.plan,
        _ => &[],
    }
}

fn is_done(step: &PlanEntry) -> bool {
    step.status == "completed"
}

/// A plan that is done needs no list.
fn is_folded(app: &App) -> bool {
    app.plan_folded || steps(app).iter().all(is_done)
}

pub(super) fn height(app: &App) -> u16 {
    match steps(app).len() {
        0 => 0,
        _ if is_folded(app) => 1,
        count => u16::try_from(1 + count.min(SHOWN)).unwrap_or(1),
    }
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let (area, theme, steps) = (app.areas.plan, &app.options.theme, steps(app));
    if area.height == 0 {
        return;
    }
    let folded = is_folded(app);
    let done = steps.iter().filter(|step| is_done(step)).count();
    let at = steps.iter().position(|step| step.status == "in_progress");
    let at = at.or_else(|| steps.iter().position(|step| !is_done(step))).unwrap_or(steps.len() - 1);
    let head = format!("{} plan  {done} of {}", if folded { "▸" } else { "▾" }, steps.len());
    let mut spans = vec![Span::raw("  "), Span::styled(head, theme.strong)];
    if folded && done < steps.len() {
        spans.push(Span::styled(format!("  {}", clean_line(&steps[at].content)), theme.text));
    }
    let hint = "  Alt+P";
    let room = usize::from(area.width).saturating_sub(width(hint) + 2);
    let line = Line::from(vec![Span::styled(hint, theme.dim)]);
    frame.buffer_mut().set_line(area.x, area.y, &Line::from(spans), u16::try_from(room).unwrap_or(area.width));
    frame.buffer_mut().set_line(area.right().saturating_sub(9), area.y, &line, 9);
    // The step under way is in sight, with what comes next.
    let rows = usize::from(area.height - 1);
    let first = at.saturating_sub(1).min(steps.len().saturating_sub(rows));
    for (step, y) in steps.iter().skip(first).zip(area.y + 1..area.bottom()) {
        let (mark, style) = match step.status.as_str() {
            "completed" => ("✓", theme.dim),
            "in_progress" => ("▸", theme.warn),
            _ => ("○", theme.text),
        };
        let priority = step.priority.as_deref().filter(|priority| *priority == "high").map_or("", |_| " !");
        let text = truncate(&clean_line(&step.content), usize::from(area.width).saturating_sub(8));
        let line = Line::from(vec![
            Span::styled(format!("    {mark} "), style),
            Span::styled(text, style),
            Span::styled(priority, theme.bad),
        ]);
        frame.buffer_mut().set_line(area.x, y, &line, area.width);
    }
}
