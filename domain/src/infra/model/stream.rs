//! Server-sent events as chat completions use them: one line of JSON each, and a word at the end.

use serde::Deserialize;

use super::Usage;

/// Bytes that a line may have.
const LONGEST_LINE: usize = 1 << 20;

/// Bytes that an answer may have, with all that is around it.
const LONGEST_ANSWER: usize = 1 << 26;

/// What has come and was not read yet.
#[derive(Default)]
pub(super) struct Events {
    bytes: Vec<u8>,
    /// How many of them were read.
    read: usize,
    /// How many there were in all.
    taken: usize,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Some more of an answer, what it has taken, why it ends.
    Piece { text: String, usage: Option<Usage>, finish: Option<String> },
    /// There is no more.
    Done,
}

/// As it is written. What this does not ask for may be missing or of any kind.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: i64,
    #[serde(default)]
    completion_tokens: i64,
}

impl Events {
    /// Takes in what has come, in whatever pieces. An error if it is too much.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.taken += bytes.len();
        if self.taken > LONGEST_ANSWER {
            return Err("there is no end of the answer");
        }
        // Once for all lines that were read of what came last.
        self.bytes.drain(..std::mem::take(&mut self.read));
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The next event; none until more has come. An error if it is none.
    pub(super) fn next(&mut self) -> Option<Result<Event, &'static str>> {
        loop {
            let rest = &self.bytes[self.read..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                return (rest.len() > LONGEST_LINE).then_some(Err("a line of the answer is too long"));
            };
            let line = &rest[..end];
            self.read += end + 1;
            // What is no data is a comment, a name or an id; and a blank line ends what has been read by then.
            if let Some(data) = line.strip_prefix(b"data:") {
                return Some(read(data.trim_ascii()));
            }
        }
    }
}

fn read(data: &[u8]) -> Result<Event, &'static str> {
    if data == b"[DONE]" {
        return Ok(Event::Done);
    }
    let chunk: Chunk = serde_json::from_slice(data).map_err(|_| "a line of the answer is none")?;
    if chunk.error.is_some() {
        return Err("the endpoint failed in the middle of the answer");
    }
    let first = chunk.choices.into_iter().next();
    let (text, finish) = first.map(|choice| (choice.delta.content, choice.finish_reason)).unwrap_or_default();
    let usage = chunk.usage.map(|tokens| Usage {
        input: tokens.prompt_tokens.clamp(0, i32::MAX.into()),
        output: tokens.completion_tokens.clamp(0, i32::MAX.into()),
    });
    Ok(Event::Piece { text: text.unwrap_or_default(), usage, finish })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(events: &mut Events) -> Vec<Result<Event, &'static str>> {
        std::iter::from_fn(|| events.next()).collect()
    }

    fn piece(text: &str) -> Result<Event, &'static str> {
        Ok(Event::Piece { text: text.into(), usage: None, finish: None })
    }

    #[test]
    fn events_are_read_in_whatever_pieces_they_come() {
        let text = ": keep-alive\r\n\r\nevent: x\ndata: {\"choices\":[{\"delta\":{\"content\":\"Zoë\"}}]}\n\n\
                    data:{\"id\":1,\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        for size in [1, 2, 3, 7, text.len()] {
            let mut events = Events::default();
            let mut found = Vec::new();
            for part in text.as_bytes().chunks(size) {
                events.take(part).expect("it is not too much");
                found.extend(all(&mut events));
            }
            let end = Ok(Event::Piece { text: String::new(), usage: None, finish: Some("stop".into()) });
            let usage = Some(Usage { input: 7, output: 2 });
            let last = Ok(Event::Piece { text: String::new(), usage, finish: None });
            assert_eq!(found, [piece("Zoë"), end, last, Ok(Event::Done)], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for line in ["data: nonsense\n", "data: {\"error\":{\"message\":\"no\"}}\n", "data: [1]\n"] {
            let mut events = Events::default();
            events.take(line.as_bytes()).expect("it is not too much");
            assert!(matches!(all(&mut events)[..], [Err(_)]), "{line}");
        }
        let mut events = Events::default();
        events.take(&vec![b'x'; LONGEST_LINE + 1]).expect("it is not too much");
        assert!(matches!(events.next(), Some(Err(_))));
    }

    #[test]
    fn an_answer_has_an_end() {
        let (mut events, comment) = (Events::default(), ": still there\n".repeat(1 << 16));
        for _ in 0..LONGEST_ANSWER / comment.len() {
            events.take(comment.as_bytes()).expect("it is not too much");
            assert_eq!(events.next(), None);
            assert!(events.bytes.len() <= comment.len(), "what was read is not kept");
        }
        assert!(events.take(comment.as_bytes()).is_err());
    }
}
