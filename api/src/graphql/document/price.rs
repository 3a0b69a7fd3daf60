//! The price of an operation: how many nodes it may load at the most, known before it runs. As GitHub's and Shopify's APIs
//! have it, `first` and `last` multiply what is within them; a list without them counts as five.
//!
//! What does not depend on variables is worked out once; the rest is a small tree, evaluated for each request.

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name, Node};
use serde_json::{Map, Value};

use super::model::Model;
use super::shape::fragment;
use crate::graphql::cursor::{ITEMS, MESSAGES};

/// What a list without `first` and `last` counts as.
const UNSIZED: u64 = 5;
/// What a search counts as besides what it finds: it looks through an index of everything first.
const SEARCH: u64 = 50;
/// What is refused anyhow when it runs counts as this.
const LARGEST: u64 = 100;

/// What something costs. Saturates: no sum and no product overflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Objects to load.
    pub(super) nodes: u64,
    /// Fields to write into the answer.
    pub(super) values: u64,
    /// The same of introspection, which loads nothing.
    pub(super) meta: u64,
}

impl Cost {
    fn each(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            nodes: join(self.nodes, other.nodes),
            values: join(self.values, other.values),
            meta: join(self.meta, other.meta),
        }
    }

    fn times(self, count: u64) -> Self {
        self.each(Self { nodes: count, values: count, meta: count }, u64::saturating_mul)
    }
}

/// A price, in terms of the variables.
#[derive(Debug)]
pub(super) enum Price {
    Fixed(Cost),
    Sum(Vec<Price>),
    /// The highest of each measure: an object is of one type only.
    Highest(Vec<Price>),
    Times(Count, Box<Price>),
}

/// How many items a list has at the most.
#[derive(Clone, Debug)]
pub(super) struct Count {
    given: Vec<Given>,
    otherwise: u64,
}

/// What an argument says about it.
#[derive(Clone, Debug)]
enum Given {
    Literal(u64),
    /// A number, or a list whose length it is.
    Variable(String, Option<u64>),
}

impl Count {
    fn fixed(count: u64) -> Self {
        Self { given: Vec::new(), otherwise: count }
    }

    fn of(&self, variables: &Map<String, Value>) -> u64 {
        let given = self.given.iter().filter_map(|given| match given {
            Given::Literal(count) => Some(*count),
            Given::Variable(name, default) => match variables.get(name) {
                None => *default,
                Some(Value::Null) => None,
                Some(Value::Array(items)) => Some(items.len() as u64),
                // An id where a list of them is expected is a list of one.
                Some(Value::String(_)) => Some(1),
                Some(value) => Some(bounded(value.as_i64())),
            },
        });
        given.max().unwrap_or(self.otherwise)
    }

    fn as_fixed(&self) -> Option<u64> {
        let variable = self.given.iter().any(|given| matches!(given, Given::Variable(..)));
        (!variable).then(|| self.of(&Map::new()))
    }
}

/// What is out of bounds is refused when it runs, by the name of the argument.
fn bounded(count: Option<i64>) -> u64 {
    count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count <= LARGEST).unwrap_or(LARGEST)
}

impl Price {
    /// The price of an operation that is known not to be too large.
    pub(super) fn of(model: &Model, document: &ExecutableDocument, operation: &Operation) -> Self {
        Pricing { model, document, operation }.set(&operation.selection_set, None)
    }

    /// The cost with these variables.
    pub(super) fn cost(&self, variables: &Map<String, Value>) -> Cost {
        let all = |prices: &[Self], join: fn(u64, u64) -> u64| {
            prices.iter().fold(Cost::default(), |sum, price| sum.each(price.cost(variables), join))
        };
        match self {
            Self::Fixed(cost) => *cost,
            Self::Sum(prices) => all(prices, u64::saturating_add),
            Self::Highest(prices) => all(prices, u64::max),
            Self::Times(count, price) => price.cost(variables).times(count.of(variables)),
        }
    }

    /// The same, as small as it gets: parts without variables become one number.
    fn folded(self) -> Self {
        match self {
            Self::Sum(prices) => match fold(prices, u64::saturating_add) {
                (fixed, rest) if rest.is_empty() => Self::Fixed(fixed),
                (fixed, mut rest) => {
                    rest.push(Self::Fixed(fixed));
                    Self::Sum(rest)
                }
            },
            Self::Highest(prices) => match fold(prices, u64::max) {
                (fixed, rest) if rest.is_empty() => Self::Fixed(fixed),
                (fixed, mut rest) => {
                    rest.push(Self::Fixed(fixed));
                    Self::Highest(rest)
                }
            },
            Self::Times(count, price) => match (count.as_fixed(), *price) {
                (Some(count), Self::Fixed(cost)) => Self::Fixed(cost.times(count)),
                (Some(1), price) => price,
                (_, price) => Self::Times(count, Box::new(price)),
            },
            fixed @ Self::Fixed(_) => fixed,
        }
    }
}

fn fold(prices: Vec<Price>, join: fn(u64, u64) -> u64) -> (Cost, Vec<Price>) {
    let mut fixed = Cost::default();
    let mut rest = Vec::new();
    for price in prices {
        match price {
            Price::Fixed(cost) => fixed = fixed.each(cost, join),
            other => rest.push(other),
        }
    }
    (fixed, rest)
}

struct Pricing<'a> {
    model: &'a Model,
    document: &'a ExecutableDocument,
    operation: &'a Operation,
}

impl Pricing<'_> {
    /// `size` is how long the lists right within are: those of a connection are as long as it is.
    fn set(&self, set: &SelectionSet, size: Option<&Count>) -> Price {
        let of_object = |object: &Name| {
            let mut prices = Vec::new();
            self.collect(set, object, size, &mut prices);
            Price::Sum(prices).folded()
        };
        let objects = self.model.objects(&set.ty);
        match objects {
            [only] => of_object(only),
            // The types of introspection, which are none of the schema's.
            [] => of_object(&set.ty),
            several => Price::Highest(several.iter().map(of_object).collect()).folded(),
        }
    }

    /// The prices of what is selected of an object.
    fn collect(&self, set: &SelectionSet, object: &Name, size: Option<&Count>, prices: &mut Vec<Price>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => prices.push(self.field(field, &set.ty, size)),
                other => {
                    if let Some(set) = fragment(self.document, other)
                        && (set.ty == *object || self.model.objects(&set.ty).contains(object))
                    {
                        self.collect(set, object, size, prices);
                    }
                }
            }
        }
    }

    fn field(&self, field: &Field, of: &Name, size: Option<&Count>) -> Price {
        let of_meta = field.name.starts_with("__") || of.starts_with("__");
        if of_meta {
            let within = self.set(&field.selection_set, None);
            let own = Price::Fixed(Cost { meta: 1, ..Cost::default() });
            let count = Count::fixed(self.model.introspected(&field.name));
            return Price::Times(count, Box::new(Price::Sum(vec![own, within]).folded())).folded();
        }
        let own = Price::Fixed(Cost { nodes: 0, values: 1, meta: 0 });
        if field.selection_set.selections.is_empty() {
            return own;
        }
        let own_size = self.size(field);
        let is_list = field.definition.ty.is_list();
        let within = self.set(&field.selection_set, own_size.as_ref().filter(|_| !is_list));
        let nodes = if field.name == "messageSearch" { SEARCH } else { 1 };
        let node = Price::Fixed(Cost { nodes, values: 1, meta: 0 });
        let count = match (is_list, own_size, size) {
            (false, ..) => Count::fixed(1),
            (true, Some(own), _) => own,
            (true, None, Some(outer)) => outer.clone(),
            (true, None, None) => Count::fixed(UNSIZED),
        };
        Price::Times(count, Box::new(Price::Sum(vec![node, within]).folded())).folded()
    }

    /// How long a list is, by the arguments of its field; none if no argument tells.
    fn size(&self, field: &Field) -> Option<Count> {
        let takes = |name: &str| field.definition.arguments.iter().any(|argument| argument.name == name);
        let given = |names: &[&str]| -> Vec<Given> {
            let arguments = field.arguments.iter().filter(|argument| names.contains(&argument.name.as_str()));
            arguments.filter_map(|argument| self.given(&argument.value)).collect()
        };
        if takes("first") || takes("last") {
            let otherwise = if matches!(field.name.as_str(), "messages" | "events") { MESSAGES } else { ITEMS };
            return Some(Count {
                given: given(&["first", "last"]),
                otherwise: u64::try_from(otherwise).unwrap_or(LARGEST),
            });
        }
        takes("ids").then(|| Count { given: given(&["ids"]), otherwise: 1 })
    }

    fn given(&self, value: &Node<Literal>) -> Option<Given> {
        match &**value {
            Literal::Variable(name) => {
                let variable = self.operation.variables.iter().find(|variable| variable.name == *name);
                let default = variable.and_then(|variable| literal(variable.default_value.as_ref()?));
                Some(Given::Variable(name.to_string(), default))
            }
            other => literal(other).map(Given::Literal),
        }
    }
}

/// How many a value that stands in the document says; none for null.
fn literal(value: &Literal) -> Option<u64> {
    match value {
        Literal::Null => None,
        Literal::List(items) => Some(items.len() as u64),
        Literal::String(_) => Some(1),
        other => Some(bounded(other.to_i32().map(i64::from))),
    }
}
