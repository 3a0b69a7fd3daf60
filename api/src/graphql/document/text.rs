//! What is looked at before a parser is: how long a text is, of how many tokens, and how deep its brackets nest. Parsers are
//! recursive, and die of deep nesting.

use apollo_parser::{Lexer, TokenKind};
use async_graphql::ServerError;

use super::{Limits, coded, too_expensive};

/// Brackets of any kind that may be open at once.
pub(in crate::graphql) const NESTING: usize = 64;

/// How many tokens a text has. Refuses one that would cost too much to parse.
pub(super) fn check(text: &str, limits: &Limits) -> Result<usize, ServerError> {
    let more = |measure, asked, limit, of| Err(too_expensive(measure, asked as u64, limit as u64, of, ""));
    if text.len() > limits.bytes {
        return more("bytes", text.len(), limits.bytes, "bytes of document");
    }
    let (mut tokens, mut open) = (0, 0_usize);
    for token in Lexer::new(text) {
        let Ok(token) = token else { return Err(coded("The document is not GraphQL.".to_owned(), "INVALID", None)) };
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma | TokenKind::Eof => continue,
            TokenKind::LCurly | TokenKind::LBracket | TokenKind::LParen => open += 1,
            TokenKind::RCurly | TokenKind::RBracket | TokenKind::RParen => open = open.saturating_sub(1),
            _ => {}
        }
        tokens += 1;
        if open > NESTING {
            return more("nesting", open, NESTING, "brackets open at once");
        }
        if tokens > limits.tokens {
            return more("tokens", tokens, limits.tokens, "tokens");
        }
    }
    Ok(tokens)
}
