//! Ids that nobody made.

/// A well-formed id of the same type as `like` that names nothing: another random part after the same time.
pub fn absent(like: &str) -> String {
    let kept = &like[..like.len() - 10];
    let last = &like[like.len() - 10..];
    // A shift within the alphabet of base32 as ids use it: always another id, always well-formed.
    let alphabet = b"0123456789abcdefghjkmnpqrstvwxyz";
    let shifted = last.bytes().map(|byte| {
        let place = alphabet.iter().position(|known| *known == byte).expect("an id ends in base32");
        char::from(alphabet[(place + 7) % 32])
    });
    kept.chars().chain(shifted).collect()
}

/// The same id under another prefix: well-formed, but of another type.
pub fn with_prefix(prefix: &str, id: &str) -> String {
    let (_, suffix) = id.split_once('_').expect("an id has a prefix");
    format!("{prefix}_{suffix}")
}

/// Texts that are no id at all, whatever the type.
pub const MALFORMED: [&str; 6] =
    ["", "nonsense", "thr_", "01889c89-df6b-7f1c-a388-91396ec314bc", "thr_01h455vb4pex5vsknk084sn02q0", "thr_\u{0}"];

#[cfg(test)]
mod tests {
    use super::{absent, with_prefix};

    #[test]
    fn an_absent_id_is_another_of_the_same_form() {
        let id = "usr_01h455vb4pex5vsknk084sn02q";
        let other = absent(id);
        assert_ne!(other, id);
        assert_eq!((other.len(), &other[..20]), (id.len(), &id[..20]));
        assert_eq!(with_prefix("msg", id), "msg_01h455vb4pex5vsknk084sn02q");
    }
}
