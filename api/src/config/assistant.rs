//! What of the settings is about the assistant.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::assistant;
use domain::infra::model::{Model, Options};

use super::Config;

/// More are made of no job.
const MOST_ATTEMPTS: i32 = 10;

impl Config {
    /// The assistant, if there is an endpoint.
    pub(super) fn assistant(&self) -> Result<Option<assistant::Settings>> {
        if self.assistant_endpoint.is_empty() {
            return Ok(None);
        }
        if self.assistant_model.is_empty() {
            bail!("`assistant_model` must say which model answers, since `assistant_endpoint` is set");
        }
        let endpoint = Options {
            endpoint: self.assistant_endpoint.clone(),
            key: (!self.assistant_key.is_empty()).then(|| self.assistant_key.clone()),
            model: self.assistant_model.clone(),
            stall: Duration::from_secs(self.assistant_stall_seconds),
            longest: Duration::from_secs(self.assistant_answer_seconds),
        };
        Model::new(&endpoint).map_err(anyhow::Error::msg).context("`assistant_endpoint` and `assistant_key`")?;
        if self.assistant_attempts > MOST_ATTEMPTS {
            bail!("`assistant_attempts` must be at most {MOST_ATTEMPTS}");
        }
        let days = self.assistant_cache_days;
        Ok(Some(assistant::Settings {
            username: self.assistant_username.clone(),
            endpoint,
            prompt: self.assistant_prompt.clone(),
            attempts: self.assistant_attempts,
            answers_per_hour: self.assistant_answers_per_hour.into(),
            context_messages: self.assistant_context_messages.into(),
            context_characters: self.assistant_context_characters,
            cache_lifetime: (days > 0).then(|| Duration::from_secs(days * 24 * 3600)),
            input_price: self.assistant_input_price.into(),
            output_price: self.assistant_output_price.into(),
        }))
    }
}
