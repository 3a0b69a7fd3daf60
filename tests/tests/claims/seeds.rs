//! `docs/seeds.md` says of each row of the documents of the systems before where it lives here, and which test shows it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tests::engine::workspace;

#[test]
fn every_row_names_a_test_that_is_there_or_says_why_not() {
    let tests = all_tests();
    assert!(tests.len() > 700, "the tests were read: {}", tests.len());
    let page = std::fs::read_to_string(workspace().join("docs/seeds.md")).expect("docs/seeds.md is committed");
    let rows = rows(&page);
    assert!(rows.len() > 80, "the page was read: {} rows", rows.len());
    let faults: Vec<_> = rows.iter().flat_map(|row| faults(row, &tests)).collect();
    assert!(faults.is_empty(), "{} are wrong:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_row_without_a_test_that_is_there_is_seen() {
    let tests = BTreeSet::from(["chirps::posting::a_claim".to_owned()]);
    for (cell, wrong) in [
        ("`chirps::posting::a_claim`", 0),
        ("— It is the database's own.", 0),
        ("", 1),
        ("—", 1),
        ("soon", 1),
        ("`chirps::posting::another`", 1),
        ("`chirps::a_claim`, `chirps::posting::a_claim`", 1),
    ] {
        let page = format!("| there | here | shown by |\n|---|---|---|\n| a | b | {cell} |\n");
        let rows = rows(&page);
        assert_eq!(rows.len(), 1);
        assert_eq!(faults(&rows[0], &tests).len(), wrong, "{cell}");
    }
}

/// The rows of all tables of a page, without their heads.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let mut rows = Vec::new();
    let mut within = false;
    for line in page.lines() {
        if !line.starts_with('|') {
            within = false;
        } else if line.starts_with("|--") {
            within = true;
        } else if within {
            rows.push(line.trim_matches('|').split(" | ").map(str::trim).collect());
        }
    }
    rows
}

/// What is wrong with the last cell of a row: it names tests, or says after a dash why there is none.
fn faults(row: &[&str], tests: &BTreeSet<String>) -> Vec<String> {
    let (what, shown) = (row[0], row.last().copied().unwrap_or_default());
    let named: Vec<_> = shown.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    let is_reason = shown.strip_prefix('—').is_some_and(|reason| reason.split_whitespace().count() >= 3);
    if row.len() < 3 || (named.is_empty() && !is_reason) {
        return vec![format!("{what}: neither a test nor a reason")];
    }
    let missing = named.into_iter().filter(|name| !tests.contains(*name));
    missing.map(|name| format!("{what}: there is no test {name}")).collect()
}

/// All tests of the workspace, by the file that they are in: claims by their module, others with their crate before it.
fn all_tests() -> BTreeSet<String> {
    let root = workspace();
    let mut tests = BTreeSet::new();
    for (prefix, directory) in
        [("", "tests/tests/claims"), ("api::", "api/src"), ("domain::", "domain/src"), ("entity::", "entity/src")]
    {
        let directory = root.join(directory);
        for file in sources(&directory) {
            let module = file.strip_prefix(&directory).unwrap().with_extension("");
            let module = module.to_str().unwrap().replace('/', "::");
            let text = std::fs::read_to_string(&file).unwrap();
            tests.extend(names(&text).into_iter().map(|name| format!("{prefix}{module}::{name}")));
        }
    }
    tests
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The names of a file's tests: those in `claims![…]` and its like, and those of functions under `#[test]`.
fn names(text: &str) -> Vec<String> {
    let word =
        |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned();
    let listed = text.split("claims![").skip(1).flat_map(|rest| rest.split(']').next().unwrap_or_default().split(','));
    let listed: Vec<_> = listed.map(|name| word(name.trim())).collect();
    let functions = text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ")).map(|(_, rest)| word(rest));
    listed.into_iter().chain(functions).filter(|name| !name.is_empty()).collect()
}
