//! Which messages call the assistant.

use entity::thread::{self, ThreadKind};

use crate::app::App;
use crate::mention::Named;

/// What of a message may call the assistant, whatever thread it goes to.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Whether somebody would hear it.
    is_heard: bool,
    mentions: bool,
}

impl Call {
    /// Looks at whom a message names.
    pub(crate) fn of(app: &App, names: &Named) -> Self {
        match &app.settings.assistant {
            None => Self { is_heard: false, mentions: false },
            Some(settings) => Self { is_heard: true, mentions: names.has(&settings.username) },
        }
    }

    /// Whether it calls the assistant in this thread: in a direct one always, elsewhere by its name.
    pub(crate) fn reaches(self, thread: &thread::Model) -> bool {
        self.is_heard && thread.assistant && (self.mentions || thread.kind == ThreadKind::Direct)
    }
}
