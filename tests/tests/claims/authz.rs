//! The authorization matrix: `tests/authz.toml` says of every field who may, and these claims ask for every field as everybody.

use std::collections::BTreeSet;

mod arrange;
mod canary;
mod changing;
mod matrix;
mod own;
mod people;
mod reading;
mod route;
mod sdl;
mod snapshot;
mod streaming;

use matrix::Matrix;
use sdl::Sdl;

#[test]
fn every_field_has_a_row_and_every_row_a_field() {
    let (sdl, matrix) = (Sdl::read(), Matrix::read());
    let fields: BTreeSet<_> = sdl.guarded_fields().collect();
    let rows: BTreeSet<_> = matrix.rows().collect();
    assert!(fields.len() > 200, "the schema was read: {} fields", fields.len());
    let missing: Vec<_> = fields.difference(&rows).collect();
    let stale: Vec<_> = rows.difference(&fields).collect();
    assert!(missing.is_empty() && stale.is_empty(), "without a row: {missing:#?}, without a field: {stale:#?}");
}
