//! Tables of plain text that fit a terminal.

use crate::{shown::plain, style::Style};

/// Between two columns.
const GAP: &str = "  ";
/// The last column has at least so many, however narrow the terminal is.
const NARROWEST: usize = 16;

/// A table: a head, and rows of as many cells. Its last column is wrapped where the line ends.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Columns of numbers, which are set to the right.
    right: Vec<usize>,
}

impl Table {
    /// One without rows.
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new(), right: Vec::new() }
    }

    /// With these columns set to the right.
    pub(crate) fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row. Cells may come from anywhere: what a terminal would obey is taken out of them.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// The lines, without one at the end.
    pub(crate) fn text(&self, style: Style) -> String {
        let last = self.head.len().saturating_sub(1);
        let wide = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(cell)).chain([self.head[column].len()]).max().unwrap_or_default()
        };
        let mut widths: Vec<usize> = (0..self.head.len()).map(wide).collect();
        if let Some(limit) = style.width {
            let before = widths[..last].iter().map(|width| width + GAP.len()).sum::<usize>();
            widths[last] = widths[last].min(limit.saturating_sub(before).max(NARROWEST));
        }
        let head = self.head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let mut lines = vec![style.bold(self.line(&head, &widths).trim_end())];
        for row in &self.rows {
            let (before, end) = row.split_at(last.min(row.len()));
            let end = end.first().map(String::as_str).unwrap_or_default();
            for (index, part) in wrapped(end, widths[last]).into_iter().enumerate() {
                let mut cells = if index == 0 { before.to_vec() } else { vec![String::new(); before.len()] };
                cells.push(part);
                lines.push(self.line(&cells, &widths).trim_end().to_owned());
            }
        }
        lines.join("\n")
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let cell = |(column, (cell, wide)): (usize, (&String, &usize))| {
            let room = " ".repeat(wide.saturating_sub(width(cell)));
            if self.right.contains(&column) { format!("{room}{cell}") } else { format!("{cell}{room}") }
        };
        cells.iter().zip(widths).enumerate().map(cell).collect::<Vec<_>>().join(GAP)
    }
}

/// In columns, as a terminal counts them.
fn width(text: &str) -> usize {
    ratatui::text::Span::raw(text).width()
}

/// At spaces where there are some, else where the line ends.
pub(crate) fn wrapped(text: &str, wide: usize) -> Vec<String> {
    if width(text) <= wide {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().map(|line| &mut *line);
        if let Some(line) = line
            && (line.is_empty() || width(line) + 1 + width(word) <= wide)
            && width(word) <= wide
        {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        for c in word.chars() {
            if lines.last().is_some_and(|line| width(line) >= wide) {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["id", "count", "why"]).right(&[1]);
        table.row([
            "o-1".to_owned(),
            "5".to_owned(),
            "the order was cancelled before it was paid".to_owned(),
        ]);
        table.row(["o-200".to_owned(), "1,000".to_owned(), "\u{1b}[2J".to_owned()]);
        table
    }

    #[test]
    fn a_table_for_a_program_has_one_line_a_row_and_obeys_nothing() {
        let text = table().text(Style::default());
        assert_eq!(
            text,
            "id     count  why\n\
             o-1        5  the order was cancelled before it was paid\n\
             o-200  1,000  \u{fffd}[2J"
        );
    }

    #[test]
    fn a_table_on_a_terminal_is_no_wider_than_it() {
        let text = table().text(Style { colour: false, width: Some(34) });
        assert_eq!(
            text,
            "id     count  why\n\
             o-1        5  the order was\n              cancelled before it\n              was paid\n\
             o-200  1,000  \u{fffd}[2J"
        );
        assert!(text.lines().all(|line| width(line) <= 34), "{text}");
    }

    #[test]
    fn a_word_that_is_longer_than_the_line_is_broken() {
        assert_eq!(wrapped("ab cdefgh ij", 4), ["ab", "cdef", "gh", "ij"]);
    }

    #[test]
    fn wide_characters_count_as_what_they_take() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["日本".to_owned(), "x".to_owned()]);
        table.row(["abcd".to_owned(), "y".to_owned()]);
        assert_eq!(table.text(Style::default()), "a     b\n日本  x\nabcd  y");
    }
}
