/** A position in a list or a stream. Opaque; those of one thread sort as strings in the order of its log. */
export type Cursor = string;

/** A point in time, in UTC with microseconds: `2026-11-20T10:00:00.123456Z`. */
export type DateTime = string;

/** A day of the calendar: `2026-11-20`. */
export type CalendarDate = string;

/** What a client may keep with a message. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
