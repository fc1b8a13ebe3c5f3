//! Consumers, outboxes, services and streams, in one list that can be scrolled.

use common::operator::Status;
use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{Block, Borders, Paragraph},
};

use super::State;
use crate::{
    shown::{bytes, count, plain, relative, span},
    style::Style,
    table::Table,
};

/// Draws as much as fits, and notes how far it can be scrolled.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State, area: Rect) {
    let lines =
        state.status.as_ref().map(|status| lines(status, usize::from(area.width))).unwrap_or_default();
    let window = usize::from(area.height.saturating_sub(1));
    state.room = (lines.len(), window);
    state.scroll = state.scroll.min(lines.len().saturating_sub(window));
    let shown: Vec<Line<'_>> =
        lines.iter().skip(state.scroll).take(window).map(|line| Line::raw(line.clone())).collect();
    let left = lines.len().saturating_sub(state.scroll + shown.len());
    let title = if left > 0 { format!("{left} more lines below ↓ ") } else { String::new() };
    frame.render_widget(Paragraph::new(shown).block(Block::new().borders(Borders::TOP).title(title)), area);
}

fn lines(status: &Status, wide: usize) -> Vec<String> {
    let style = Style { colour: false, width: Some(wide) };
    let tables = [consumers(status), services(status), outboxes(status), streams(status)];
    let mut lines: Vec<String> = Vec::new();
    for table in tables {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(table.text(style).lines().map(str::to_owned));
    }
    lines
}

fn consumers(status: &Status) -> Table {
    let mut table =
        Table::new(&["consumer", "pending", "in flight", "again", "oldest", ""]).right(&[1, 2, 3, 4]);
    for consumer in &status.consumers {
        table.row([
            consumer.name.clone(),
            count(consumer.pending),
            count(consumer.in_flight),
            count(consumer.redelivered),
            if consumer.oldest_age_ms == 0 { "-".to_owned() } else { span(consumer.oldest_age_ms) },
            match (consumer.exists, consumer.differences.is_empty()) {
                (false, _) => "missing",
                (true, false) => "differs",
                (true, true) => "",
            }
            .to_owned(),
        ]);
    }
    table
}

fn services(status: &Status) -> Table {
    let now_ms = status.at.as_millis();
    let mut table = Table::new(&["service", "process", "ready", "version", "started", "remarks"]);
    for (service, process) in status
        .services
        .iter()
        .flat_map(|service| service.processes.iter().map(move |process| (service, process)))
    {
        let name = service.name.clone();
        table.row(match &process.about {
            None => [
                name,
                process.address.clone(),
                "no answer".to_owned(),
                String::new(),
                String::new(),
                String::new(),
            ],
            Some(about) => [
                name,
                about.instance.clone(),
                if about.ready { "yes" } else { "no" }.to_owned(),
                about.version.clone(),
                relative(about.started_at, now_ms),
                about.remarks.join("; "),
            ],
        });
    }
    table
}

fn outboxes(status: &Status) -> Table {
    let mut table = Table::new(&["outbox", "events", "set aside", "oldest"]).right(&[1, 2, 3]);
    for outbox in &status.outboxes {
        let cells = match &outbox.state {
            None => ["?".to_owned(), "?".to_owned(), "no answer".to_owned()],
            Some(state) => [count(state.depth), count(state.set_aside), span(state.oldest_age_ms)],
        };
        table.row([outbox.service.clone()].into_iter().chain(cells));
    }
    table
}

fn streams(status: &Status) -> Table {
    let mut table = Table::new(&["stream", "messages", "size", "full", ""]).right(&[1, 2, 3]);
    for stream in &status.streams {
        let state = match (stream.exists, stream.optional, stream.differences.is_empty()) {
            (false, true, _) => "not there yet",
            (false, false, _) => "missing",
            (true, _, false) => "differs",
            (true, _, true) => "",
        };
        let full = (stream.bytes * 100).checked_div(stream.bytes_limit);
        table.row([
            plain(&stream.name),
            count(stream.messages),
            bytes(stream.bytes),
            full.map(|share| format!("{share} %")).unwrap_or_default(),
            state.to_owned(),
        ]);
    }
    table
}
