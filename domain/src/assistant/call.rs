//! Which messages call the assistant.

use entity::thread::{self, ThreadKind};

use crate::app::App;

/// What of a message may call the assistant, whatever thread it goes to.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Whether somebody would hear it.
    is_heard: bool,
    mentions: bool,
}

impl Call {
    /// Looks at what a message says.
    pub(crate) fn of(app: &App, content: &str) -> Self {
        match &app.settings.assistant {
            None => Self { is_heard: false, mentions: false },
            Some(settings) => Self { is_heard: true, mentions: mentions(content, &settings.username) },
        }
    }

    /// Whether it calls the assistant in this thread: in a direct one always, elsewhere by its name.
    pub(crate) fn reaches(self, thread: &thread::Model) -> bool {
        self.is_heard && thread.assistant && (self.mentions || thread.kind == ThreadKind::Direct)
    }
}

/// Whether a text has `@name` in it as a word of its own, whatever the case. Names are of letters, digits, `_` and `-`.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_ascii_lowercase(), format!("@{}", name.to_ascii_lowercase()));
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(&name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_of_word) && !after.starts_with(is_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_name_is_heard_as_a_word_of_its_own() {
        for text in ["@helper", "Zoë, @Helper?", "@HELPER: why", "(@helper)", "@helpers and @helper", "@helper."] {
            assert!(mentions(text, "Helper"), "{text}");
        }
        for text in ["", "helper", "@helpers", "ann@helper.org", "@helper-two", "@help", "x@helper", "@helper_"] {
            assert!(!mentions(text, "helper"), "{text}");
        }
    }
}
