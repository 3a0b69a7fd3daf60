//! Documents, and what each may cost. A distinct document is looked at once: read, validated to the letter of the
//! specification, costed, parsed for the executor; then it is remembered, and a client that repeats it pays for none of that.
//!
//! apollo-compiler validates, since the executor's own rules let some invalid documents through and take exponential time
//! over others; the executor then runs in its fast mode. This module must not know who asks, nor over which transport.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use apollo_compiler::executable::{Operation as Definition, OperationType};
use apollo_compiler::parser::Parser;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::GraphQLError;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Name, Schema};
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument as Parsed};
use async_graphql::{Pos, Request, ServerError, Variables};
use domain::access::Viewer;
use moka::sync::Cache;
use serde_json::{Map, Value};

mod alike;
mod input;
mod model;
mod persisted;
mod price;
mod shape;
mod text;
mod told;

use super::recall::Question;
pub(crate) use alike::Alike;
use model::Model;
pub(crate) use persisted::Asked;
use persisted::Persisted;
use price::{Cost, Price};
pub(super) use text::NESTING;

/// What a document may be, and what it may cost. `linnet.default.toml` says what each is.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) tokens: usize,
    pub(crate) depth: usize,
    pub(crate) selections: usize,
    pub(crate) aliases: usize,
    pub(crate) operations: usize,
    pub(crate) root_fields: usize,
    pub(crate) directives: usize,
    pub(crate) field_directives: usize,
    pub(crate) cost: u64,
    pub(crate) values: u64,
    /// Bytes that remembered documents may take, roughly.
    pub(crate) cache: u64,
    /// Bytes of text that may be remembered by its hash.
    pub(crate) persisted: u64,
    /// Whether the schema may be asked for.
    pub(crate) introspection: bool,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl From<OperationType> for Kind {
    fn from(kind: OperationType) -> Self {
        match kind {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// An operation that may run.
pub(crate) struct Operation {
    plan: Arc<Plan>,
    document: Arc<str>,
    variables: Map<String, Value>,
    pub(crate) kind: Kind,
    /// As its author named it.
    pub(crate) name: Option<Arc<str>>,
    /// The names of its root fields, one for each time that one is asked for.
    pub(crate) root_fields: Arc<[String]>,
    /// Nodes that it may load.
    pub(crate) cost: u64,
}

impl Operation {
    /// What is asked, if its answer may be told again to whoever asks the same.
    pub(crate) fn question(&self, viewer: &Viewer) -> Option<Question> {
        self.plan.is_told.then(|| Question {
            document: self.document.clone(),
            operation: self.name.clone(),
            variables: serde_json::to_string(&self.variables).unwrap_or_default(),
            viewer: viewer.user_id(),
            by_key: viewer.account().is_some() && viewer.session().is_none(),
        })
    }

    /// For the executor.
    pub(crate) fn into_request(self) -> Request {
        let mut request = Request::new("").variables(Variables::from_json(Value::Object(self.variables)));
        request.set_parsed_query(self.plan.parsed.clone());
        match &self.plan.alike {
            Some(alike) => request.data(alike.clone()),
            None => request,
        }
    }
}

/// Why a request is not run. Nothing of it was executed.
pub(crate) type Refused = Vec<ServerError>;

/// The documents that are remembered, and what it takes to look at others.
pub(crate) struct Documents {
    schema: Valid<Schema>,
    model: Model,
    limits: Limits,
    known: Cache<Arc<str>, Arc<Document>>,
    persisted: Persisted,
}

/// A document that is valid, with its operations.
struct Document {
    parsed: Parsed,
    tokens: usize,
    source: Valid<ExecutableDocument>,
    /// By the names of the operations, each when it is first asked for.
    plans: HashMap<Option<Name>, OnceLock<Result<Arc<Plan>, ServerError>>>,
}

/// What is known of an operation before it runs. One that is too much, whatever its variables are, has none.
struct Plan {
    /// The operation with its fragments, and nothing else: the executor looks at all that it is given.
    parsed: Parsed,
    name: Option<Arc<str>>,
    kind: Kind,
    root_fields: Arc<[String]>,
    /// What it costs, by its variables.
    price: Price,
    /// Whether its answer may be told again.
    is_told: bool,
    /// What of its stream is shown alike to all.
    alike: Option<Arc<Alike>>,
}

/// Bytes that a token of a document takes once it is parsed, in two ways. An estimate, for the size of the cache.
const TOKEN: usize = 1024;

impl Documents {
    /// Documents of the API that a schema describes.
    pub(crate) fn new(sdl: &str, limits: Limits) -> anyhow::Result<Self> {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql")
            .map_err(|invalid| anyhow::anyhow!("the schema is not valid: {}", invalid.errors))?;
        let weigh = |text: &Arc<str>, document: &Arc<Document>| {
            u32::try_from(text.len() + document.tokens * TOKEN).unwrap_or(u32::MAX)
        };
        let known = Cache::builder().max_capacity(limits.cache).weigher(weigh).build();
        let persisted = Persisted::new(limits.persisted);
        Ok(Self { model: Model::of(&schema), schema, limits, known, persisted })
    }

    /// What an operation may cost.
    pub(crate) fn largest_cost(&self) -> u64 {
        self.limits.cost
    }

    /// The operation that a request asks for, if it is valid and costs no more than is allowed.
    pub(crate) fn operation(
        &self,
        asked: &Asked,
        operation_name: Option<&str>,
        variables: Option<Map<String, Value>>,
    ) -> Result<Operation, Refused> {
        let text = self.persisted.text(asked, self.limits.bytes).map_err(|refusal| vec![refusal])?;
        let known = self.known.get(&text);
        let is_known = known.is_some();
        let document = known.map_or_else(|| self.read(&text).map(Arc::new), Ok)?;
        let operation = document.named(operation_name)?;
        let plan = self.plan(&document, operation)?;
        let variables = variables.unwrap_or_default();
        self.check_variables(&document, operation, &variables)?;
        let cost = plan.price.cost(&variables);
        self.check_cost(cost)?;
        if !is_known {
            // Only what may run displaces what has run.
            self.known.insert(text.clone(), document.clone());
        }
        self.persisted.remember(asked);
        Ok(Operation {
            kind: plan.kind,
            name: plan.name.clone(),
            root_fields: plan.root_fields.clone(),
            cost: cost.nodes,
            plan,
            document: text,
            variables,
        })
    }

    /// Looks at a document that is not known.
    fn read(&self, text: &str) -> Result<Document, Refused> {
        let tokens = text::check(text, &self.limits).map_err(|refusal| vec![refusal])?;
        let mut parser = Parser::new().recursion_limit(text::NESTING);
        let source =
            parser.parse_executable(&self.schema, text, "document").map_err(|invalid| described(&invalid.errors))?;
        // Each operation is validated with all of its fragments.
        if source.operations.len() > self.limits.operations {
            let (asked, limit) = (source.operations.len() as u64, self.limits.operations as u64);
            return Err(vec![too_expensive("operations", asked, limit, "operations in one document", "")]);
        }
        let source = source.validate(&self.schema).map_err(|invalid| described(&invalid.errors))?;
        input::check(&self.schema, &source).map_err(|why| vec![invalid(&why, None)])?;
        // What a validator of the whole specification has passed, this parser takes, too; if not, it is refused all the same.
        let parsed = async_graphql::parser::parse_query(text).map_err(|error| vec![error.into()])?;
        let plans = source.operations.iter().map(|operation| (operation.name.clone(), OnceLock::new())).collect();
        Ok(Document { parsed, tokens, source, plans })
    }

    /// What is known of an operation: worked out once.
    fn plan(&self, document: &Document, operation: &Definition) -> Result<Arc<Plan>, Refused> {
        let Some(plan) = document.plans.get(&operation.name) else { return Err(Vec::new()) };
        let work_out = || {
            shape::check(&document.source, operation, &self.limits)?;
            let root_fields = shape::root_fields(&document.source, operation);
            self.check_introspection(&root_fields)?;
            Ok(Arc::new(Plan {
                parsed: document.alone(operation),
                name: operation.name.as_ref().map(|name| Arc::from(name.as_str())),
                kind: operation.operation_type.into(),
                root_fields: root_fields.into_iter().map(str::to_owned).collect(),
                price: Price::of(&self.model, &document.source, operation),
                is_told: told::is_told(&document.source, operation),
                alike: Alike::of(&self.schema, &document.source, operation).map(Arc::new),
            }))
        };
        plan.get_or_init(work_out).clone().map_err(|refusal| vec![refusal])
    }

    /// The schema is asked for at the root, and nowhere else; `__typename` tells nothing that an answer does not.
    fn check_introspection(&self, root_fields: &[&str]) -> Result<(), ServerError> {
        if self.limits.introspection || !root_fields.iter().any(|field| matches!(*field, "__schema" | "__type")) {
            return Ok(());
        }
        Err(invalid("This server does not tell its schema: `introspection` is off.", None))
    }

    /// The specification's CoerceVariableValues; the executor coerces them again as it uses them.
    fn check_variables(
        &self,
        document: &Document,
        operation: &Definition,
        variables: &Map<String, Value>,
    ) -> Result<(), Refused> {
        if operation.variables.is_empty() {
            return Ok(());
        }
        input::check_variables(&self.schema, operation, variables).map_err(|why| vec![invalid(&why, None)])?;
        let values = variables.iter().map(|(name, value)| (name.as_str().into(), value.clone().into())).collect();
        coerce_variable_values(&self.schema, operation, &values).map(drop).map_err(|error| {
            let location = error.location().and_then(|span| span.line_column(&document.source.sources));
            let place = location.map(|at| Pos { line: at.line, column: at.column });
            vec![invalid(&error.message().to_string(), place)]
        })
    }

    fn check_cost(&self, cost: Cost) -> Result<(), Refused> {
        if cost.nodes > self.limits.cost {
            let why = "Ask for fewer with `first` or `last`, or in several requests.";
            let refusal = too_expensive("cost", cost.nodes, self.limits.cost, "nodes that it may load", why);
            return Err(vec![refusal]);
        }
        if cost.values > self.limits.values || cost.meta > self.model.largest_introspection() {
            let limit =
                if cost.values > self.limits.values { self.limits.values } else { self.model.largest_introspection() };
            let why = "Ask for fewer fields of long lists, or in several requests.";
            let asked = cost.values.max(cost.meta);
            return Err(vec![too_expensive("values", asked, limit, "values that its answer may have", why)]);
        }
        Ok(())
    }
}

impl Document {
    /// An operation with the fragments that it reaches.
    fn alone(&self, operation: &Definition) -> Parsed {
        let reached = shape::fragments(&self.source, operation);
        let chosen = self
            .parsed
            .operations
            .iter()
            .find(|(name, _)| name.map(|name| name.as_str()) == operation.name.as_ref().map(|name| name.as_str()));
        let operations = match chosen {
            Some((_, chosen)) => DocumentOperations::Single(chosen.clone()),
            None => self.parsed.operations.clone(),
        };
        let fragments = self.parsed.fragments.iter().filter(|(name, _)| reached.contains(name.as_str()));
        let fragments = fragments.map(|(name, fragment)| (name.clone(), fragment.clone())).collect();
        Parsed { operations, fragments }
    }

    /// The specification's GetOperation.
    fn named(&self, name: Option<&str>) -> Result<&Definition, Refused> {
        // Some clients write an empty name for none.
        let name = name.filter(|name| !name.is_empty());
        self.source.operations.get(name).map(|operation| &**operation).map_err(|_| {
            let why = match (name, self.source.operations.len()) {
                (Some(name), _) => format!("operationName: there is no operation `{}`.", clipped(name)),
                (None, 0) => "The document has no operation.".to_owned(),
                (None, _) => "operationName: the document has several operations; say which one to run.".to_owned(),
            };
            vec![invalid(&why, None)]
        })
    }
}

/// Errors of a document that are told; the others are of little help.
const TOLD: usize = 10;

fn described(errors: &DiagnosticList) -> Refused {
    errors.iter().take(TOLD).map(|error| of_diagnostic(error.to_json())).collect()
}

fn of_diagnostic(error: GraphQLError) -> ServerError {
    let place = error.locations.first().map(|at| Pos { line: at.line, column: at.column });
    invalid(&error.message, place)
}

/// A request error: the document, or what came with it, is not as it should be.
fn invalid(message: &str, place: Option<Pos>) -> ServerError {
    coded(clipped(message), "INVALID", place)
}

fn coded(message: String, code: &str, place: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, place);
    error.extensions.get_or_insert_with(Default::default).set("code", code);
    error
}

/// A request error: more than is allowed. Says how much it is and how much it may be, for programs, too.
fn too_expensive(measure: &str, asked: u64, limit: u64, of: &str, advice: &str) -> ServerError {
    let message = format!("{measure}: {asked} {of}; at most {limit}. {advice}");
    let mut error = coded(message.trim_end().to_owned(), "TOO_EXPENSIVE", None);
    let extensions = error.extensions.get_or_insert_with(Default::default);
    extensions.set("limit", limit);
    extensions.set("requested", asked);
    extensions.set("measure", measure);
    error
}

/// A message quotes what the client wrote, which may be long.
pub(crate) fn clipped(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
