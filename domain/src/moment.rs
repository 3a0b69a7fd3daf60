//! Moments that somebody names: as both engines keep them, and RFC 3339 writes them.

use chrono::DateTime;
use entity::Timestamp;

/// The first moment whose year has four digits in UTC.
const FIRST: Timestamp = at(-62_167_219_200_000_000);

/// The last one. SQLite compares times as texts, among which one of the year 10000 stands before all others.
pub const LAST: Timestamp = at(253_402_300_799_999_999);

const fn at(microseconds: i64) -> Timestamp {
    match DateTime::from_timestamp_micros(microseconds) {
        Some(moment) => moment,
        None => panic!("it is a moment"),
    }
}

/// The moment that a text such as `2026-11-20T10:00:00.123456+01:00` names, in whole microseconds. One that is in UTC before the year 0 or
/// behind the year 9999 is taken for the first or the last moment of those years. The second 60, which is there for leap seconds, is the
/// first one of the next minute.
pub fn parse(text: &str) -> Option<Timestamp> {
    let named = DateTime::parse_from_rfc3339(text).ok()?;
    Some(DateTime::from_timestamp_micros(named.timestamp_micros())?.clamp(FIRST, LAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
    }

    #[test]
    fn moments_are_whole_microseconds_of_years_with_four_digits() {
        for (text, moment) in [
            ("2026-11-20T10:00:00.1234569+01:00", Some("2026-11-20T09:00:00.123456Z")),
            ("9999-12-31T23:59:59-12:00", Some("9999-12-31T23:59:59.999999Z")),
            ("2100-01-02T03:04:60.25Z", Some("2100-01-02T03:05:00.250000Z")),
            ("9999-12-31T23:59:60Z", Some("9999-12-31T23:59:59.999999Z")),
            ("0000-01-01T00:00:00+12:00", Some("0000-01-01T00:00:00.000000Z")),
            ("+10000-01-01T00:00:00Z", None),
            ("2026-11-20", None),
        ] {
            assert_eq!(read(text).as_deref(), moment, "{text}");
        }
    }
}
