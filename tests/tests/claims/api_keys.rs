//! API keys: what they may do and what they never may, and how they end.

mod ending;
mod inputs;
mod making;
mod rights;
