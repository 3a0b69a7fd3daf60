//! The shape of an operation: how deep it is, how large once its fragments are put in their places, how many aliases,
//! directives and root fields it has. A fragment is measured once, however often it is spread: a few hundred bytes of
//! fragments that spread each other can stand for more selections than there are atoms.

use std::collections::{HashMap, HashSet};

use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name};
use async_graphql::ServerError;

use super::text::NESTING;
use super::{Limits, too_expensive};

/// Lists of introspection that may be nested: `types { fields { type { fields } } }` is as deep as any tool goes.
const LISTS: usize = 2;

/// How much there is of something.
#[derive(Clone, Copy, Default)]
struct Measure {
    depth: usize,
    selections: usize,
    /// Lists of introspection within each other.
    lists: usize,
}

impl Measure {
    /// Of selections beside each other.
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            selections: self.selections.saturating_add(other.selections),
            lists: self.lists.max(other.lists),
        }
    }
}

/// Refuses an operation that is larger than allowed.
pub(super) fn check(document: &ExecutableDocument, operation: &Operation, limits: &Limits) -> Result<(), ServerError> {
    let mut measuring = Measuring { document, fragments: HashMap::new() };
    let measure = measuring.set(&operation.selection_set, 0)?;
    let written = Written::of(document, operation);
    let root_fields = if measure.selections > limits.selections { 0 } else { root_fields(document, operation).len() };
    let most_on_one = written.most_directives_on_one;
    let measures = [
        ("selections", measure.selections, limits.selections, "selections, with fragments in their places"),
        ("depth", measure.depth, limits.depth, "fields within each other"),
        ("introspection", measure.lists, LISTS, "lists of introspection within each other"),
        ("aliases", written.aliases, limits.aliases, "aliases"),
        ("rootFields", root_fields, limits.root_fields, "root fields"),
        ("directives", written.directives, limits.directives, "directives"),
        ("fieldDirectives", most_on_one, limits.field_directives, "directives on one field or fragment"),
    ];
    match measures.into_iter().find(|(_, asked, limit, _)| asked > limit) {
        Some((measure, asked, limit, of)) => Err(too_expensive(measure, asked as u64, limit as u64, of, "")),
        None => Ok(()),
    }
}

/// The root fields, through fragments; for an operation that is known not to be too large.
pub(super) fn root_fields<'a>(document: &'a ExecutableDocument, operation: &'a Operation) -> Vec<&'a str> {
    fn collect<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, fields: &mut Vec<&'a str>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => fields.push(field.name.as_str()),
                other => {
                    if let Some(set) = fragment(document, other) {
                        collect(document, set, fields);
                    }
                }
            }
        }
    }
    let mut fields = Vec::new();
    collect(document, &operation.selection_set, &mut fields);
    fields
}

/// The names of the fragments that an operation reaches.
pub(super) fn fragments<'a>(document: &'a ExecutableDocument, operation: &'a Operation) -> HashSet<&'a str> {
    Written::of(document, operation).fragments.into_iter().map(|name| name.as_str()).collect()
}

/// What a fragment stands for; none for a field.
pub(super) fn fragment<'a>(document: &'a ExecutableDocument, selection: &'a Selection) -> Option<&'a SelectionSet> {
    match selection {
        Selection::Field(_) => None,
        Selection::InlineFragment(inline) => Some(&inline.selection_set),
        Selection::FragmentSpread(spread) => Some(&document.fragments.get(&spread.fragment_name)?.selection_set),
    }
}

/// Whether a field of introspection is a list that leads back to types.
fn is_recursive_list(field: &Field) -> bool {
    matches!(field.name.as_str(), "fields" | "interfaces" | "possibleTypes" | "inputFields")
        && matches!(field.selection_set.ty.as_str(), "__Type" | "__Field" | "__InputValue")
}

struct Measuring<'a> {
    document: &'a ExecutableDocument,
    fragments: HashMap<&'a Name, Measure>,
}

impl<'a> Measuring<'a> {
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Measure, ServerError> {
        // Fragments that spread each other nest without any bracket.
        if level > NESTING {
            let of = "selections and fragments within each other";
            return Err(too_expensive("nesting", level as u64, NESTING as u64, of, ""));
        }
        set.selections.iter().try_fold(Measure::default(), |sum, one| Ok(sum.beside(self.selection(one, level)?)))
    }

    fn selection(&mut self, selection: &'a Selection, level: usize) -> Result<Measure, ServerError> {
        let mut measure = match selection {
            Selection::Field(field) => {
                let mut within = self.set(&field.selection_set, level + 1)?;
                within.depth += 1;
                within.lists += usize::from(is_recursive_list(field));
                within
            }
            Selection::InlineFragment(inline) => self.set(&inline.selection_set, level + 1)?,
            Selection::FragmentSpread(spread) => match self.fragments.get(&spread.fragment_name) {
                Some(known) => *known,
                None => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    let within = fragment.map(|fragment| self.set(&fragment.selection_set, level + 1)).transpose()?;
                    let within = within.unwrap_or_default();
                    self.fragments.insert(&spread.fragment_name, within);
                    within
                }
            },
        };
        measure.selections = measure.selections.saturating_add(1);
        Ok(measure)
    }
}

/// What an operation has as it is written: each fragment counts once.
#[derive(Default)]
struct Written<'a> {
    aliases: usize,
    directives: usize,
    most_directives_on_one: usize,
    fragments: HashSet<&'a Name>,
}

impl<'a> Written<'a> {
    fn of(document: &'a ExecutableDocument, operation: &'a Operation) -> Self {
        let mut written = Self::default();
        written.directives(operation.directives.len());
        operation.variables.iter().for_each(|variable| written.directives(variable.directives.len()));
        written.set(document, &operation.selection_set);
        written
    }

    fn directives(&mut self, count: usize) {
        self.directives += count;
        self.most_directives_on_one = self.most_directives_on_one.max(count);
    }

    fn set(&mut self, document: &'a ExecutableDocument, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives().len());
            match selection {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.alias.is_some());
                    self.set(document, &field.selection_set);
                }
                Selection::InlineFragment(inline) => self.set(document, &inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    if !self.fragments.insert(&spread.fragment_name) {
                        continue;
                    }
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                        self.directives(fragment.directives.len());
                        self.set(document, &fragment.selection_set);
                    }
                }
            }
        }
    }
}
