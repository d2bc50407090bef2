//! Tables without borders: whole when piped, fitted to the terminal otherwise.

use tabled::{
    builder::Builder,
    grid::util::string::get_text_width,
    settings::{Padding, Style, width::Truncate},
};

use crate::text::harmless;

/// The narrowest that a column is cut to, as long as that is enough.
const NARROWEST: usize = 8;
/// What is left of one where it is not.
const HINT: usize = 4;
const GAP: usize = 2;

/// What may happen to a column on a narrow terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Always whole.
    Rigid,
    /// Cut where the terminal is too narrow; the last such column first, the first one last.
    Flexible,
}

/// Rows, under a line of headers unless that was dropped.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table with these headers and no rows.
    pub(crate) fn new(headers: impl IntoIterator<Item = (impl Into<String>, Column)>) -> Self {
        let (headers, columns) = headers.into_iter().map(|(header, column)| (header.into(), column)).unzip();
        Self { columns, rows: vec![headers] }
    }

    /// Leaves the line of headers out. Called before rows are added.
    pub(crate) fn drop_headers(&mut self) {
        self.rows.clear();
    }

    /// Adds a row, a cell for each header; what others wrote in it is made harmless.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| harmless(&cell)).collect());
    }

    /// Returns the lines, no wider than `width` as far as flexible columns allow.
    pub(crate) fn render(mut self, width: Option<usize>) -> String {
        if let Some(width) = width {
            self.fit(width);
        }
        let mut builder = Builder::default();
        for row in self.rows {
            builder.push_record(row);
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(0, GAP, 0, 0));
        let text = table.to_string();
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn fit(&mut self, width: usize) {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|column| self.rows.iter().map(|row| get_text_width(&row[column])).max().unwrap_or(0))
            .collect();
        let flexible = |column: &usize| self.columns[*column] == Column::Flexible;
        let mut cuts: Vec<usize> = (0..self.columns.len()).rev().filter(flexible).collect();
        // The first one names the thing: others become a mere hint before it is cut.
        let first = cuts.pop();
        let hints = cuts.iter().map(|column| (*column, HINT));
        let steps = cuts.iter().map(|column| (*column, NARROWEST)).chain(hints);
        let steps: Vec<_> = steps.chain(first.map(|column| (column, NARROWEST))).collect();
        for (column, narrowest) in steps {
            let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            if total <= width {
                return;
            }
            let target = widths[column].saturating_sub(total - width).max(narrowest).min(widths[column]);
            for row in &mut self.rows {
                row[column] = cut(&row[column], target);
            }
            widths[column] = target;
        }
    }
}

/// Returns what fits.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if get_text_width(text) <= width {
        return text.to_owned();
    }
    format!("{}…", Truncate::truncate(text, width.saturating_sub(1)))
}

/// Returns aligned lines of `name  value`, without those that have none.
pub(crate) fn pairs(pairs: &[(&str, Option<String>)]) -> String {
    let given = || pairs.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
    let width = given().map(|(name, _)| name.len()).max().unwrap_or(0) + GAP;
    given().map(|(name, value)| format!("{name:<width$}{}\n", harmless(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new([("ID", Column::Flexible), ("AGE", Column::Rigid), ("AGENT", Column::Flexible)]);
        table.row(["k3v9x".into(), "2h 30m".into(), "Mozilla/5.0 (日本語; \u{1b}[31m) Gecko".into()]);
        table.row(["a".into(), "1s".into(), "curl".into()]);
        table
    }

    #[test]
    fn is_whole_and_aligned_when_piped() {
        let text = table().render(None);
        assert_eq!(
            text,
            "ID     AGE     AGENT\n\
             k3v9x  2h 30m  Mozilla/5.0 (日本語; \\u{1b}[31m) Gecko\n\
             a      1s      curl\n"
        );
    }

    #[test]
    fn fits_the_terminal_by_cutting_what_is_flexible() {
        let text = table().render(Some(40));
        assert!(text.lines().all(|line| get_text_width(line) <= 40), "{text}");
        assert!(text.contains("k3v9x  2h 30m  Mozilla/5.0 (日本"), "{text}");
        assert!(text.contains('…'), "{text}");
        let tight = table().render(Some(19));
        assert!(tight.contains("k3v9x  2h 30m  Moz…"), "what names the thing stays whole: {tight}");
        let narrow = table().render(Some(5));
        assert!(narrow.contains("2h 30m"), "rigid columns stay whole: {narrow}");
    }

    #[test]
    fn a_row_is_a_line_whatever_is_in_it() {
        let mut table = Table::new([("A", Column::Rigid)]);
        table.row(["x\ny\r\n\u{85}z\u{2028}".into()]);
        assert_eq!(table.render(None).lines().count(), 2);
    }

    #[test]
    fn pairs_are_aligned() {
        let text = pairs(&[("a", Some("1".into())), ("absent", None), ("long", Some("x\ny".into()))]);
        assert_eq!(text, "a     1\nlong  x\\ny\n");
    }
}
