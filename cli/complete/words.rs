//! A line of bash, up to the cursor: its words, and what bash is to put in the place of the last one.

/// A line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its words without quotes; the last one is to be completed, and may be empty.
    pub(super) words: Vec<String>,
    /// How much of the last word, without quotes, bash leaves as it is: it replaces what comes after a character at
    /// which it breaks words, or after an opened quote.
    kept: String,
    /// The quote that is open.
    quote: Option<char>,
}

impl Line {
    /// Reads a line, of a shell that breaks words at these characters besides spaces.
    pub(super) fn read(line: &str, breaks: &str) -> Self {
        let breaks = |c: char| breaks.contains(c) && !matches!(c, ' ' | '\t' | '\n' | '"' | '\'');
        let (mut words, mut word) = (Vec::new(), String::new());
        let (mut kept, mut quote, mut begun) = (0, None, false);
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match (quote, c) {
                (None, ' ' | '\t' | '\n') => {
                    if begun {
                        words.push(std::mem::take(&mut word));
                    }
                    (kept, begun) = (0, false);
                    continue;
                }
                (None, '"' | '\'') => (quote, kept) = (Some(c), word.len()),
                (Some(open), c) if c == open => quote = None,
                (None, '\\') => word.extend(characters.next()),
                (Some('"'), '\\') => match characters.next() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                    other => {
                        word.push(c);
                        word.extend(other);
                    }
                },
                _ => {
                    word.push(c);
                    if quote.is_none() && breaks(c) {
                        kept = word.len();
                    }
                }
            }
            begun = true;
        }
        let kept = word[..kept].to_owned();
        words.push(word);
        Self { words, kept, quote }
    }

    /// Returns what bash is to put there for a word, quoted as it must be; none if the word does not go on as the line
    /// does.
    pub(super) fn insertion(&self, word: &str) -> Option<String> {
        let rest = word.strip_prefix(&self.kept)?;
        let escaped = rest.chars().map(|c| match (self.quote, c) {
            // Quotes that are open are closed by bash itself.
            (Some('\''), '\'') => "'\\''".to_owned(),
            (Some('\''), _) => c.to_string(),
            // An interactive bash looks for its history in double quotes, too, and leaves a backslash where it is.
            (Some(_), '!') => "\"\\!\"".to_owned(),
            (Some(_), '"' | '\\' | '$' | '`') => format!("\\{c}"),
            (None, _) if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-.,:/@%+=".contains(c) => {
                format!("\\{c}")
            }
            _ => c.to_string(),
        });
        Some(escaped.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    fn read(line: &str) -> (Vec<String>, String, Option<char>) {
        let Line { words, kept, quote } = Line::read(line, BREAKS);
        (words, kept, quote)
    }

    #[test]
    fn words_are_taken_apart_as_bash_does() {
        let words = |line: &str| read(line).0;
        assert_eq!(words("ssectl  status "), ["ssectl", "status", ""]);
        assert_eq!(words("ssectl st"), ["ssectl", "st"]);
        assert_eq!(words("ssectl show 'a b' \"c\\\"d\" e\\ f"), ["ssectl", "show", "a b", "c\"d", "e f"]);
        assert_eq!(words("x ''"), ["x", ""]);
        assert_eq!(words("x '' "), ["x", "", ""]);
        assert_eq!(words(""), [""]);
    }

    #[test]
    fn what_bash_leaves_as_it_is_is_kept() {
        assert_eq!(read("x --filter=sta").1, "--filter=");
        assert_eq!(read("x age>2").1, "age>");
        assert_eq!(read("x a'b").1, "a");
        assert_eq!(read("x 'state=l").1, "");
        assert_eq!(read("x a\\=b").1, "");
        assert_eq!(Line::read("x a=b", "").kept, "");
    }

    #[test]
    fn words_are_put_in_so_that_bash_reads_them_again() {
        let put = |line: &str, word: &str| Line::read(line, BREAKS).insertion(word);
        assert_eq!(put("x ", "a$b*c~é").as_deref(), Some("a\\$b\\*c\\~é"));
        assert_eq!(put("x --o=a", "--o=a b").as_deref(), Some("a\\ b"));
        assert_eq!(put("x \"a", "a$b'c").as_deref(), Some("a\\$b'c"));
        assert_eq!(put("x 'a", "a$b").as_deref(), Some("a$b"));
        assert_eq!(put("x 'a", "a'b").as_deref(), Some("a'\\''b"));
        assert_eq!(put("x \"a", "a!b").as_deref(), Some("a\"\\!\"b"));
        for odd in
            ["a'b", "a\"b", "a\\b", "$HOME", "`id`", "#x", "~", "!x", "a;b", "(x)", "{a,b}", "[x]", "é=ü"]
        {
            let line = format!("x {}", put("x ", odd).expect("it goes on"));
            assert_eq!(read(&line).0[1], odd);
        }
    }
}
