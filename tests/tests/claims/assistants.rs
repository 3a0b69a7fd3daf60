//! The assistant: what it answers, what becomes of what it can't, what is kept of it, and what it may not.

mod answering;
mod failing;
mod keeping;
mod standing;
