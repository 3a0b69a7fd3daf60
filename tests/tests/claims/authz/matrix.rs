//! `tests/authz.toml`, read: who may have each field, and make each change.

use std::collections::{BTreeMap, BTreeSet};

use tests::engine::workspace;
use toml::{Table, Value};

/// Everybody whom the matrix knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Anonymous,
    Guest,
    Stranger,
    Blocked,
    ExMember,
    Banned,
    Member,
    ThreadAdmin,
    Owner,
    Suspended,
    Expired,
    ReadKey,
    WriteKey,
    Administrator,
}

impl Role {
    const NAMES: [(Self, &str); 14] = [
        (Self::Anonymous, "anonymous"),
        (Self::Guest, "guest"),
        (Self::Stranger, "stranger"),
        (Self::Blocked, "blocked"),
        (Self::ExMember, "ex-member"),
        (Self::Banned, "banned"),
        (Self::Member, "member"),
        (Self::ThreadAdmin, "thread-admin"),
        (Self::Owner, "owner"),
        (Self::Suspended, "suspended"),
        (Self::Expired, "expired"),
        (Self::ReadKey, "read-key"),
        (Self::WriteKey, "write-key"),
        (Self::Administrator, "administrator"),
    ];

    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(role, _)| role)
    }

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(role, _)| role)
    }
}

/// Where something may be.
const PLACES: [&str; 6] = ["group", "direct", "room", "archived", "closed", "own"];

pub(super) type Roles = BTreeSet<Role>;

pub(super) struct Matrix {
    audiences: Table,
    rows: BTreeMap<(String, String), Value>,
}

impl Matrix {
    pub(super) fn read() -> Self {
        let path = workspace().join("tests/authz.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut tables: Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let Some(Value::Table(named)) = tables.remove("audiences") else { panic!("no [audiences]") };
        let mut rows = BTreeMap::new();
        for (kind, table) in tables {
            let Value::Table(table) = table else { panic!("[{kind}] is a table") };
            rows.extend(table.into_iter().map(|(field, value)| ((kind.clone(), field), value)));
        }
        let matrix = Self { audiences: named, rows };
        matrix.rows.values().for_each(|value| matrix.check(value));
        matrix
    }

    /// `Type.field` of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = String> {
        self.rows.keys().map(|(kind, field)| format!("{kind}.{field}"))
    }

    /// Who may have this field of what is in a place. What has no row is denied.
    pub(super) fn may(&self, kind: &str, field: &str, place: &str) -> Roles {
        let row = self.rows.get(&(kind.to_owned(), field.to_owned()));
        row.map(|value| self.roles(value, place)).unwrap_or_default()
    }

    /// A role, an audience, several of either, or one by the place; a place that is not named is nobody's.
    fn roles(&self, value: &Value, place: &str) -> Roles {
        match value {
            Value::String(name) => match Role::named(name) {
                Some(role) => Roles::from([role]),
                None => self.roles(&self.audiences[name], place),
            },
            Value::Array(several) => several.iter().flat_map(|one| self.roles(one, place)).collect(),
            Value::Table(places) => places.get(place).map(|one| self.roles(one, place)).unwrap_or_default(),
            other => panic!("no audience: {other}"),
        }
    }

    fn check(&self, value: &Value) {
        match value {
            Value::String(name) => {
                let known = Role::named(name).is_some() || self.audiences.contains_key(name);
                assert!(known, "there is no role and no audience {name}");
            }
            Value::Array(several) => several.iter().for_each(|one| self.check(one)),
            Value::Table(places) => {
                assert!(places.keys().all(|place| PLACES.contains(&place.as_str())), "{places}");
                places.values().for_each(|one| self.check(one));
            }
            other => panic!("no audience: {other}"),
        }
    }
}
