//! What a document may be before anything is done with it. The parser is recursive and dies of deep nesting, so depth is
//! counted here, on the text.

/// Bytes of a document at the most.
const LONGEST: usize = 64 * 1024;
/// Brackets of any kind that may be open at once.
const DEEPEST: usize = 64;

/// Why a document is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// Too many bytes.
    #[error("The document is longer than 64 KiB.")]
    TooLong,
    /// Too many brackets open at once.
    #[error("The document nests more than 64 brackets.")]
    TooDeep,
    /// A block string begins and does not end.
    #[error("The document has a block string without an end.")]
    Unterminated,
}

/// Refuses documents that would cost too much to parse.
pub(super) fn check(document: &str) -> Result<(), Refused> {
    if document.len() > LONGEST {
        return Err(Refused::TooLong);
    }
    let bytes = document.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Refused::TooDeep);
                }
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'#' => at += until(&bytes[at..], |rest| matches!(rest[0], b'\n' | b'\r')),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => at += 2 + block_string(&bytes[at + 3..])?,
            b'"' => at += string(&bytes[at + 1..]),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Bytes before the first place where `found` holds.
fn until(bytes: &[u8], found: impl Fn(&[u8]) -> bool) -> usize {
    (0..bytes.len()).find(|&at| found(&bytes[at..])).unwrap_or(bytes.len())
}

/// Bytes of a string's rest, its closing quote among them. A string ends with its line at the latest.
fn string(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' | b'\n' | b'\r' => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// Bytes of a block string's rest, its closing quotes among them. One without an end is refused here: a parser may take
/// its quotes for two short strings, and go on to what stands behind them.
fn block_string(bytes: &[u8]) -> Result<usize, Refused> {
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if bytes[at..].starts_with(b"\"\"\"") {
            return Ok(at + 3);
        } else {
            at += 1;
        }
    }
    Err(Refused::Unterminated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_strings_and_comments() {
        let deep = |count: usize| format!("{}{}", "{a".repeat(count), "}".repeat(count));
        assert_eq!(check(&deep(DEEPEST)), Ok(()));
        assert_eq!(check(&deep(DEEPEST + 1)), Err(Refused::TooDeep));
        let brackets = "[".repeat(1000);
        assert_eq!(check(&format!("{{a(b:\"{brackets}\\\"{brackets}\")}}")), Ok(()));
        assert_eq!(check(&format!("{{a(b:\"\"\"{brackets}\\\"\"\"{brackets}\n{brackets}\"\"\")}}")), Ok(()));
        assert_eq!(check(&format!("{{a}} # {brackets}\n")), Ok(()));
        assert_eq!(check(&format!("{{a(b:\"\" c:{brackets})}}")), Err(Refused::TooDeep));
        assert_eq!(check(&format!("# x\n{brackets}")), Err(Refused::TooDeep));
        assert_eq!(check(&format!("{{a(b:\"\"\"x\"\"\" c:{brackets})}}")), Err(Refused::TooDeep));
        // Read as a block string that never ends, or as "" and "x" with brackets behind them.
        assert_eq!(check(&format!("{{a(b:[\"\"\"x\"\n{brackets}])}}")), Err(Refused::Unterminated));
    }

    #[test]
    fn long_documents_are_refused() {
        assert_eq!(check(&" ".repeat(LONGEST + 1)), Err(Refused::TooLong));
    }
}
