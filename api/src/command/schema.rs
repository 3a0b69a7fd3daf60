//! `linnet schema`.

use anyhow::Result;

/// Prints the schema in GraphQL's own language.
pub(crate) fn print() -> Result<()> {
    print!("{}", crate::graphql::sdl());
    Ok(())
}
