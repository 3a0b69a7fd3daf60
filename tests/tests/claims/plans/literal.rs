//! A recorded value, such as `BigInt(Some(7))`, as PostgreSQL reads it in a statement.

/// The literal; none if it is of a kind that no statement of ours binds.
pub(super) fn literal(value: &str) -> Option<String> {
    let (kind, inner) = value.split_once('(')?;
    let inner = inner.strip_suffix(')')?;
    if kind == "Array" {
        let (of, items) = inner.split_once(", ")?;
        let Some(items) = some(items) else { return Some("NULL".to_owned()) };
        let items = items.trim().strip_prefix('[')?.strip_suffix(']')?;
        let literals: Option<Vec<_>> = split(items).into_iter().map(literal).collect();
        return Some(format!("ARRAY[{}]::{}[]", literals?.join(", "), type_of(of)?));
    }
    let Some(inner) = some(inner) else { return Some(format!("NULL::{}", type_of(kind)?)) };
    let text = match kind {
        "Bytes" => {
            let bytes: Option<Vec<u8>> =
                split(inner.strip_prefix('[')?.strip_suffix(']')?).iter().map(|byte| byte.parse().ok()).collect();
            let hex: String = bytes?.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{hex}")
        }
        "String" => unescaped(inner.strip_prefix('"')?.strip_suffix('"')?),
        // Json in Rust's own spelling is not read back.
        "Json" => return None,
        _ => inner.trim_matches('"').to_owned(),
    };
    Some(format!("'{}'::{}", text.replace('\'', "''"), type_of(kind)?))
}

fn type_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Bool" => "boolean",
        "TinyInt" | "SmallInt" => "smallint",
        "Int" => "integer",
        "BigInt" => "bigint",
        "Float" => "real",
        "Double" => "double precision",
        "String" => "text",
        "Bytes" => "bytea",
        "Uuid" => "uuid",
        "Json" => "jsonb",
        "ChronoDate" => "date",
        "ChronoDateTimeUtc" | "ChronoDateTimeWithTimeZone" | "ChronoDateTimeLocal" => "timestamptz",
        _ => return None,
    })
}

fn some(text: &str) -> Option<&str> {
    text.strip_prefix("Some(")?.strip_suffix(')')
}

/// Splits a list at the commas that stand in no bracket and in no string.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut escaped, mut start) = (Vec::new(), 0, false, false, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// What `{:?}` of a string stood for; of its escapes those that our values have.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => out.push(letter),
            _ => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
        }
    }
    out
}

#[test]
fn values_are_read_as_they_were_bound() {
    for (value, expected) in [
        ("BigInt(Some(-7))", Some("'-7'::bigint")),
        ("Uuid(None)", Some("NULL::uuid")),
        ("String(Some(\"it's \\\"so\\\"\"))", Some("'it''s \"so\"'::text")),
        ("Bytes(Some([1, 171]))", Some("'\\x01ab'::bytea")),
        (
            "Array(Uuid, Some([Uuid(Some(0190-a)), Uuid(Some(0190-b))]))",
            Some("ARRAY['0190-a'::uuid, '0190-b'::uuid]::uuid[]"),
        ),
        (
            "Array(String, Some([String(Some(\"a, (b\")), String(None)]))",
            Some("ARRAY['a, (b'::text, NULL::text]::text[]"),
        ),
        ("ChronoDateTimeUtc(Some(2026-11-20T00:00:00Z))", Some("'2026-11-20T00:00:00Z'::timestamptz")),
        ("Json(Some(Object {}))", None),
        ("nonsense", None),
    ] {
        assert_eq!(literal(value).as_deref(), expected, "{value}");
    }
}
