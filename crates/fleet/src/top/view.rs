//! The screen: above, whether it is well and the schedule; below, everything else, which can be scrolled.

mod below;

use common::{clock, internal::ScheduleState, operator::Status};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph, Sparkline},
};

use super::state::State;
use crate::{
    shown::{absolute, count, plain, span},
    table::wrapped,
};

/// Lines of what needs a person that are shown; the worst come first, and `fleet status` has all.
const MOST_TROUBLES: usize = 6;
const KEYS: &str = " q quit   p hold   ↑↓ PgUp PgDn scroll   ? help";
const HELP: [&str; 9] = [
    "q, Esc       quit",
    "p, space     hold the picture, or let it go on",
    "↑ ↓ PgUp PgDn Home End   scroll what is below",
    "",
    "due         the time has come, and nobody has claimed it",
    "claimed     a worker has it in hand",
    "overdue     due for more than a second",
    "in flight   delivered to a consumer and not answered",
    "oldest      how long the oldest unhandled message waits",
];

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let troubles = trouble_lines(state, usize::from(frame.area().width));
    let high = troubles.len().clamp(1, MOST_TROUBLES) as u16;
    let [head, trouble, schedule, charts, below, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(high),
        Constraint::Length(2),
        Constraint::Length(4),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(head_line(state), head);
    frame.render_widget(Paragraph::new(troubles), trouble);
    frame.render_widget(Paragraph::new(schedule_lines(state)), schedule);
    draw_charts(frame, state, charts);
    below::draw(frame, state, below);
    let held = if state.is_held { "   HELD: p goes on" } else { "" };
    frame.render_widget(Line::styled(format!("{KEYS}{held}"), look(state, Color::DarkGray)), foot);
    if state.shows_help {
        draw_help(frame);
    }
}

fn look(state: &State, colour: Color) -> Style {
    if state.colour { Style::new().fg(colour) } else { Style::new() }
}

fn head_line(state: &State) -> Line<'static> {
    let loud = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
    let (word, colour) = match (&state.lost, &state.status) {
        (Some(_), _) => (" CONSOLE IS AWAY ", Color::Red),
        (None, None) => (" waiting for console ", Color::Yellow),
        (None, Some(status)) if status.well => (" WELL ", Color::Green),
        (None, Some(_)) => (" NOT WELL ", Color::Red),
    };
    let at = state.status.as_ref().map(|status| absolute(status.at)).unwrap_or_default();
    Line::from(vec![
        Span::styled(word, look(state, colour).patch(loud)),
        Span::raw(format!("  {at}  {}", plain(&state.address))),
    ])
}

fn trouble_lines(state: &State, wide: usize) -> Vec<Line<'static>> {
    let lines = |text: &str, look| {
        let wrapped = wrapped(text, wide.max(1)).into_iter();
        wrapped.map(|line| Line::styled(line, look)).collect::<Vec<_>>()
    };
    if let Some((why, since_ms)) = &state.lost {
        let since = span((clock::now_ms() - since_ms).unsigned_abs());
        return lines(&format!("for {since}: {}", plain(why)), look(state, Color::Red));
    }
    let Some(status) = &state.status else { return Vec::new() };
    if status.troubles.is_empty() {
        return vec![Line::raw("nothing needs a person")];
    }
    let line = |trouble: &common::operator::Trouble| {
        let (sign, colour) = if trouble.urgent { ("!", Color::Red) } else { ("·", Color::Yellow) };
        lines(&format!("{sign} {} → {}", plain(&trouble.what), plain(&trouble.next)), look(state, colour))
    };
    status.troubles.iter().flat_map(line).collect()
}

fn schedule_lines(state: &State) -> Vec<Line<'static>> {
    let Some(Status { schedule: Some(schedule), dead_letters, owed, .. }) = &state.status else {
        return vec![Line::raw("the schedule does not answer")];
    };
    let figures = format!(
        "{} timers: {} pending, {} due, {} claimed, {} overdue",
        count(schedule.timers),
        count(schedule.pending),
        count(schedule.due),
        count(schedule.claimed),
        count(schedule.overdue),
    );
    let mut second = format!(
        "dead letters {}   owed {}",
        dead_letters.map_or_else(|| "?".to_owned(), count),
        owed.as_ref().map_or_else(|| "?".to_owned(), |owed| count(owed.count)),
    );
    second.push_str(&pause(schedule));
    second.push_str(&recovery(schedule));
    let late = look(state, if schedule.overdue > 0 { Color::Red } else { Color::Reset });
    vec![Line::styled(figures, late), Line::raw(second)]
}

fn pause(schedule: &ScheduleState) -> String {
    let Some(pause) = &schedule.pause else { return String::new() };
    let by = plain(&pause.by);
    if pause.paused {
        let left = (pause.until.as_millis() - schedule.clocks.redis.as_millis()).max(0).unsigned_abs();
        format!("   PAUSED by {by} for {} more, {} wait", span(left), count(pause.waiting))
    } else {
        format!("   after the pause by {by}: {} still wait", count(pause.waiting))
    }
}

fn recovery(schedule: &ScheduleState) -> String {
    match (&schedule.rebuild, &schedule.checkpoint) {
        (Some(rebuild), _) => format!("   REBUILD: {} left to read", count(rebuild.left)),
        (None, Some(checkpoint)) if !checkpoint.holds => "   NO CHECKPOINT".to_owned(),
        _ => String::new(),
    }
}

/// On the left what falls due in the next hour, a column a minute; on the right what was due or claimed.
fn draw_charts(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let [left, right] = Layout::horizontal([Constraint::Length(62), Constraint::Min(10)]).areas(area);
    let bars = look(state, Color::Cyan);
    let minutes = state.forecast.as_ref().map(|forecast| forecast.minutes.as_slice()).unwrap_or_default();
    let most = minutes.iter().copied().max().unwrap_or_default();
    let title = match &state.forecast {
        None => "falls due in the next 60 min".to_owned(),
        Some(forecast) => format!(
            "falls due in the next 60 min: {}, at most {} a minute",
            count(forecast.minutes.iter().sum()),
            count(most)
        ),
    };
    let chart = Sparkline::default().block(Block::new().title(title)).data(minutes).style(bars);
    frame.render_widget(chart, left);
    let wide = usize::from(right.width);
    let recent: Vec<u64> = state.in_work.iter().rev().take(wide).rev().copied().collect();
    let chart = Sparkline::default().block(Block::new().title("due, claimed")).data(&recent).style(bars);
    frame.render_widget(chart, right);
}

fn draw_help(frame: &mut Frame<'_>) {
    let area = frame.area();
    let wide = area.width.min(64);
    let high = area.height.min(HELP.len() as u16 + 2);
    let (x, y) = ((area.width - wide) / 2, (area.height - high) / 2);
    let area = Rect::new(x, y, wide, high);
    frame.render_widget(Clear, area);
    let text: Vec<Line<'_>> = HELP.into_iter().map(Line::raw).collect();
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" help ")), area);
}

#[cfg(test)]
mod tests;
