//! What a file is, by how it begins. Names and declared types are anybody's word; what a browser is told a file is, it is.

use crate::error::{Code, Refusal, Result};

/// Bytes of a file that tell what it is.
pub(super) const HEAD: usize = 64;

/// What is done with files of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pictures that are decoded here, so that there are thumbnails of them.
    Picture,
    /// Other pictures, sounds and films: shown where they are, by whoever can.
    Shown,
    /// Everything else: for keeping, and never shown where it is.
    Document,
}

/// Types whose files can be told, by their names.
const TYPES: &[(&str, Kind)] = &[
    ("image/png", Kind::Picture),
    ("image/jpeg", Kind::Picture),
    ("image/gif", Kind::Picture),
    ("image/webp", Kind::Picture),
    ("image/avif", Kind::Shown),
    ("image/heic", Kind::Shown),
    ("image/bmp", Kind::Shown),
    ("audio/mpeg", Kind::Shown),
    ("audio/mp4", Kind::Shown),
    ("audio/aac", Kind::Shown),
    ("audio/flac", Kind::Shown),
    ("audio/ogg", Kind::Shown),
    ("audio/wav", Kind::Shown),
    ("audio/webm", Kind::Shown),
    ("video/mp4", Kind::Shown),
    ("video/ogg", Kind::Shown),
    ("video/quicktime", Kind::Shown),
    ("video/webm", Kind::Shown),
    ("application/pdf", Kind::Document),
    ("application/zip", Kind::Document),
    ("application/gzip", Kind::Document),
];

/// Other names of the same.
const ALIASES: &[(&str, &str)] = &[
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("image/heif", "image/heic"),
    ("image/x-ms-bmp", "image/bmp"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/m4a", "audio/mp4"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/x-flac", "audio/flac"),
    ("audio/opus", "audio/ogg"),
    ("audio/aacp", "audio/aac"),
    ("application/ogg", "audio/ogg"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/x-gzip", "application/gzip"),
];

/// What is a document whatever its type is called: it may have scripts in it.
const DRAWING: &str = "image/svg+xml";

/// What is done with files of a type. What can't be told by its content is a document.
pub(super) fn kind(media_type: &str) -> Kind {
    TYPES.iter().find(|(name, _)| *name == media_type).map_or(Kind::Document, |(_, kind)| *kind)
}

/// What whoever fetches a file is told that it is: never anything that a browser would run.
pub(super) fn served(media_type: &str) -> &'static str {
    TYPES.iter().find(|(name, _)| *name == media_type).map_or("application/octet-stream", |(name, _)| name)
}

/// A declared type as it is compared: without parameters, in lower case. None if it is none.
pub(super) fn read(declared: &str) -> Option<String> {
    let name = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (first, second) = name.split_once('/')?;
    let is_token = |text: &str| {
        let known = |letter: u8| letter.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&letter);
        !text.is_empty() && text.bytes().all(known)
    };
    (is_token(first) && is_token(second)).then_some(name)
}

/// What a file is that is declared as one thing and begins like another. It is called what it is, if that is of the same kind;
/// what is declared as something to be shown has to be that.
pub(super) fn settle(declared: &str, head: &[u8]) -> Result<String> {
    let declared = ALIASES.iter().find(|(alias, _)| *alias == declared).map_or(declared, |(_, name)| name);
    let family = declared.split('/').next().unwrap_or_default();
    let found = found(head);
    let refused =
        |is: &str| Refusal::new(Code::Invalid, "type", format!("It is declared as {declared}, and {is}.")).into();
    let is_shown = ["image", "audio", "video"].contains(&family) && declared != DRAWING;
    let is_told = TYPES.iter().any(|(name, _)| *name == declared);
    match found {
        Some(found) if is_same(found, declared) => Ok(declared.to_owned()),
        // What offices, books and programs are written in begins like an archive.
        Some("application/zip" | "application/gzip") if !is_shown && !is_told => Ok(declared.to_owned()),
        Some(found) if is_told && found.split('/').next() != Some(family) => Err(refused(&format!("is {found}"))),
        Some(found) => Ok(found.to_owned()),
        None if is_shown || is_told => Err(refused("does not begin like that")),
        None => Ok(declared.to_owned()),
    }
}

/// Whether a content that was found may be called as it is declared: some containers hold sounds as well as films.
fn is_same(found: &str, declared: &str) -> bool {
    let containers = [["audio/ogg", "video/ogg"], ["audio/webm", "video/webm"], ["audio/mp4", "video/mp4"]];
    found == declared || containers.iter().any(|both| both.contains(&found) && both.contains(&declared))
}

/// What begins like this.
fn found(head: &[u8]) -> Option<&'static str> {
    let at = |place: usize, bytes: &[u8]| head.get(place..place + bytes.len()) == Some(bytes);
    Some(match head {
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"\xff\xd8\xff") => "image/jpeg",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(4, b"ftyp") => branded(head.get(8..12)?),
        _ if at(0, b"\x1a\x45\xdf\xa3") && head.windows(4).any(|four| four == b"webm") => "video/webm",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"fLaC") => "audio/flac",
        _ if at(0, b"ID3") => "audio/mpeg",
        [0xff, 0xf1 | 0xf9, ..] => "audio/aac",
        [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa, ..] => "audio/mpeg",
        _ if at(0, b"BM") && at(6, &[0; 4]) => "image/bmp",
        _ if at(0, b"%PDF-") => "application/pdf",
        _ if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") => "application/zip",
        _ if at(0, b"\x1f\x8b\x08") => "application/gzip",
        _ => return None,
    })
}

/// A file of the MPEG-4 family, by its brand.
fn branded(brand: &[u8]) -> &'static str {
    match brand {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "image/heic",
        b"M4A " | b"M4B " | b"M4P " => "audio/mp4",
        b"qt  " => "video/quicktime",
        _ => "video/mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
    const HTML: &[u8] = b"<!doctype html><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>";

    #[test]
    fn a_file_is_called_what_it_is() {
        for (declared, head, expected) in [
            ("image/png", PNG, Some("image/png")),
            ("image/png", JPEG, Some("image/jpeg")),
            ("image/jpg", JPEG, Some("image/jpeg")),
            ("application/octet-stream", PNG, Some("image/png")),
            ("image/png", HTML, None),
            ("image/png", SVG, None),
            ("image/svg+xml", SVG, Some("image/svg+xml")),
            ("image/svg+xml", PNG, Some("image/png")),
            ("image/x-unknown", HTML, None),
            ("video/mp4", PNG, None),
            ("audio/ogg", b"OggS\0", Some("audio/ogg")),
            ("video/ogg", b"OggS\0", Some("video/ogg")),
            ("application/pdf", HTML, None),
            ("application/pdf", b"%PDF-1.7", Some("application/pdf")),
            ("text/html", HTML, Some("text/html")),
            ("application/vnd.oasis.opendocument.text", b"PK\x03\x04", Some("application/vnd.oasis.opendocument.text")),
            ("image/png", b"PK\x03\x04", None),
            ("text/plain", b"", Some("text/plain")),
        ] {
            assert_eq!(settle(declared, head).ok().as_deref(), expected, "{declared} {head:?}");
        }
    }

    #[test]
    fn what_a_browser_would_run_is_served_as_nothing_in_particular() {
        for media_type in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "text/plain"] {
            assert_eq!((served(media_type), kind(media_type)), ("application/octet-stream", Kind::Document));
        }
        assert_eq!((served("image/png"), kind("image/png")), ("image/png", Kind::Picture));
    }

    #[test]
    fn a_type_has_two_parts_and_nothing_else() {
        assert_eq!(read("Text/HTML; charset=utf-8").as_deref(), Some("text/html"));
        for wrong in ["", "text", "text/", "/html", "text/ht ml", "text/h/t", "te\nxt/html", "text/html\u{202e}"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
