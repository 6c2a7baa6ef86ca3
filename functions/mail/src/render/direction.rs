//! The direction of what users wrote: it ends where their text ends.

/// Text between U+2068 and U+2069 (UAX #9 §2.4.2): neither its own direction nor what it overrides reaches beyond it,
/// also where it closes isolates of its own. The text itself stays as it was typed.
pub(super) fn isolated(text: &str) -> String {
    if text.chars().all(is_neutral) { text.to_owned() } else { isolate(text) }
}

fn isolate(text: &str) -> String {
    const FIRST_STRONG: char = '\u{2068}';
    const POP: char = '\u{2069}';
    const OPENING: [char; 3] = ['\u{2066}', '\u{2067}', FIRST_STRONG];
    let mut depth = 0_usize;
    let mut balanced = String::from(FIRST_STRONG);
    for c in text.chars() {
        match c {
            POP if depth == 0 => continue,
            POP => depth -= 1,
            c if OPENING.contains(&c) => depth += 1,
            _ => {}
        }
        balanced.push(c);
    }
    balanced.extend(std::iter::repeat_n(POP, depth + 1));
    balanced
}

/// Whether a character leaves the direction of what stands around it alone: what is written from left to right, and
/// symbols. The blocks are those that UAX #9 §3.2 has right-to-left by default, and the characters that turn.
fn is_neutral(c: char) -> bool {
    !matches!(c,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same line by line, since an isolate ends with its paragraph; `None` for no text. Beside a line from right to left
/// plain ones are isolated too: the direction of the whole would tear off their brackets.
pub(super) fn isolated_lines(text: &str) -> Option<String> {
    let isolated = if text.chars().all(is_neutral) { str::to_owned } else { isolate };
    let lines: Vec<String> = text.lines().map(isolated).collect();
    (!text.is_empty()).then(|| lines.join("\n"))
}
