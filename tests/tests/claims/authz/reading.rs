//! Every field, asked for by everybody, in every way.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::id::absent;
use tests::{Answer, Engine, claims};

use super::canary;
use super::matrix::{Matrix, Role, Roles};
use super::people::{Caller, People, Place, place_of};
use super::route::{Probe, Way, found, is_something, ways};
use super::sdl::Sdl;

claims![
    everybody_reads_what_the_matrix_says_and_nothing_else,
    what_is_forbidden_answers_as_what_is_not_there,
    what_is_private_is_no_node,
    what_a_thread_says_that_one_may_do_is_what_one_may,
];

/// How many ways are gone at once.
const AT_ONCE: usize = 20;

/// Of each field of what is in a place: who has read it.
type Read = BTreeMap<(&'static str, String, &'static str), Roles>;

async fn everybody_reads_what_the_matrix_says_and_nothing_else(engine: Engine) {
    let (sdl, matrix) = (Sdl::read(), Matrix::read());
    let people = People::meet(engine).await;
    let places = people.places().await;
    people.suspend().await;
    let (mut read, mut wrong) = (Read::new(), Vec::new());
    for place in &places {
        let ways = ways(&sdl, place);
        let asked = people.callers.iter().map(|caller| go_all(&matrix, caller, place, &ways));
        for (caller, found) in people.callers.iter().zip(join_all(asked).await) {
            for (way, is_read) in ways.iter().zip(found) {
                for (probe, is_read) in way.probes.iter().zip(is_read) {
                    let by = read.entry((way.kind, probe.field.clone(), way.place)).or_default();
                    if is_read {
                        by.insert(caller.role);
                    }
                    if is_read && !expected(&matrix, way, probe).contains(&caller.role) {
                        wrong.push(format!("{:?} reads by {}", caller.role, probe.asked));
                    }
                }
            }
        }
    }
    for ((kind, field, place), by) in &read {
        if is_untold(engine, kind, field) {
            continue;
        }
        let may = matrix.may(kind, field, place);
        let not: Vec<_> = may.difference(by).collect();
        if !not.is_empty() {
            wrong.push(format!("{kind}.{field} in {place} is not read by {not:?}, who may"));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the database does not tell those who may have it either: SQLite counts nothing, and a PostgreSQL counts statements only where
/// that was switched on. Another claim reads it where it was.
fn is_untold(engine: Engine, kind: &str, field: &str) -> bool {
    match (engine, kind) {
        (_, "StatementUsage") | (Engine::Sqlite, "IndexUsage") => true,
        (Engine::Sqlite, "DatabaseStatistics") => {
            let told = ["engine", "version", "schema", "sizeBytes", "unusedBytes", "untold"];
            !told.contains(&field)
        }
        (Engine::Postgres, "DatabaseStatistics") => {
            ["unusedBytes", "countedSince", "slowestStatements"].contains(&field)
        }
        _ => false,
    }
}

/// Who may have a field in one way: whoever may have all that the way leads through.
fn expected(matrix: &Matrix, way: &Way, probe: &Probe) -> Roles {
    let mut roles: Roles = Role::all().collect();
    for (kind, field) in &probe.along {
        let may = matrix.may(kind, field, way.place);
        roles.retain(|role| may.contains(role));
    }
    roles
}

/// Goes all ways as one of them: of each, which of its fields were read.
async fn go_all(matrix: &Matrix, caller: &Caller, place: &Place, ways: &[Way]) -> Vec<Vec<bool>> {
    let mut all = Vec::with_capacity(ways.len());
    for ways in ways.chunk_by(|one, next| one.is_mutation() == next.is_mutation()) {
        for ways in ways.chunks(AT_ONCE) {
            let asked: Vec<_> = ways.iter().map(|way| way.asked.as_str()).collect();
            let is_mutation = ways[0].is_mutation();
            let answer = ask(matrix, caller, is_mutation, &asked).await;
            for (number, way) in ways.iter().enumerate() {
                let name = format!("r{number}");
                let is_whole = answer.json["data"].is_object() && !has_failed(&answer, &name);
                // A field that fails takes with it whatever may not be null around it: then each is asked for alone.
                let is_read = if is_whole || caller.is_refused_at_the_door(&answer) {
                    let value = &answer.json["data"][name];
                    way.probes.iter().map(|probe| is_found(value, place, way, probe)).collect()
                } else {
                    each_alone(matrix, caller, place, way).await
                };
                all.push(is_read);
            }
        }
    }
    all
}

async fn each_alone(matrix: &Matrix, caller: &Caller, place: &Place, way: &Way) -> Vec<bool> {
    let mut all = Vec::with_capacity(way.probes.len());
    for probe in &way.probes {
        let answer = ask(matrix, caller, way.is_mutation(), &[&probe.asked]).await;
        all.push(is_found(&answer.json["data"]["r0"], place, way, probe));
    }
    all
}

/// Asks for fields of the root under the names `r0`, `r1`, …, and looks for what must not be in the answer.
async fn ask(matrix: &Matrix, caller: &Caller, is_mutation: bool, asked: &[&str]) -> Answer {
    let fields = asked.iter().enumerate().map(|(number, asked)| format!("r{number}: {asked}"));
    let head = if is_mutation { "mutation" } else { "query" };
    let document = format!("{head} {{ {} }}", fields.collect::<Vec<_>>().join(" "));
    let answer = caller.client.graphql(&document, Value::Null).await;
    canary::look(matrix, caller.role, &document, &answer.json.to_string());
    for error in answer.json["errors"].as_array().into_iter().flatten() {
        let code = error.pointer("/extensions/code").and_then(Value::as_str).unwrap_or_default();
        let known = ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"];
        assert!(known.contains(&code), "{error} is the answer to {document}");
    }
    answer
}

fn has_failed(answer: &Answer, name: &str) -> bool {
    let errors = answer.json["errors"].as_array().into_iter().flatten();
    errors.into_iter().any(|error| error["path"][0] == name)
}

fn is_found(value: &Value, place: &Place, way: &Way, probe: &Probe) -> bool {
    let mut values = Vec::new();
    if way.is_root() {
        values.push(value);
    } else {
        found(value, &probe.key, ids(place, way, probe), &mut values);
    }
    values.into_iter().any(is_something)
}

/// The ids of what a field is asked of; none if it may be any.
fn ids<'a>(place: &'a Place, way: &Way, probe: &Probe) -> &'a [String] {
    // The installation is nobody's own, and every message of a place is in it.
    if (way.kind, probe.field.as_str()) == ("Viewer", "administration") || way.kind == "Message" {
        return &[];
    }
    let name = format!("{}{}", way.kind[..1].to_lowercase(), &way.kind[1..]);
    place.ids.get(name.as_str()).map(Vec::as_slice).unwrap_or_default()
}

async fn what_is_forbidden_answers_as_what_is_not_there(engine: Engine) {
    let (sdl, matrix) = (Sdl::read(), Matrix::read());
    let people = People::meet(engine).await;
    let mut places = Vec::new();
    for name in ["group", "direct"] {
        places.push(people.place(name).await);
    }
    people.suspend().await;
    let mut compared = 0;
    for place in places {
        let unreal = place.ids.iter().map(|(name, ids)| (*name, ids.iter().map(|id| nobodys(id)).collect()));
        let (real, unreal) = (ways(&sdl, &place), ways(&sdl, &place_of(place.name, unreal)));
        assert_eq!(real.len(), unreal.len());
        // Those to whom the thread itself is no secret are told of what they may not.
        let known = matrix.may("Query", "thread", place.name);
        for caller in people.callers.iter().filter(|caller| !known.contains(&caller.role)) {
            for (real, unreal) in real.chunks(AT_ONCE).zip(unreal.chunks(AT_ONCE)) {
                let there: Vec<_> = real.iter().map(|way| way.asked.as_str()).collect();
                let not_there: Vec<_> = unreal.iter().map(|way| way.asked.as_str()).collect();
                let there = told(&ask(&matrix, caller, false, &there).await);
                let not_there = told(&ask(&matrix, caller, false, &not_there).await);
                assert_eq!(there, not_there, "{:?} can tell that it is there", caller.role);
                compared += real.len();
            }
        }
    }
    assert!(compared > 500, "{compared} were compared");
}

/// Everything of an answer but what is of every request its own.
fn told(answer: &Answer) -> Value {
    let mut errors = answer.json["errors"].clone();
    for error in errors.as_array_mut().into_iter().flatten() {
        error["extensions"]["requestId"].take();
        // Where the field stands in the document, which is as long as its ids are.
        error["locations"].take();
    }
    json!([answer.status, answer.json["data"], errors])
}

fn nobodys(id: &str) -> String {
    if id.contains('_') { absent(id) } else { format!("{id}-not") }
}

async fn what_a_thread_says_that_one_may_do_is_what_one_may(engine: Engine) {
    let matrix = Matrix::read();
    let people = People::meet(engine).await;
    let document = "query($id: ID!) { thread(id: $id) { viewerState { canSend canManage } } }";
    let mut threads = Vec::new();
    for place in ["group", "direct", "room", "archived", "closed"] {
        threads.push((place, people.thread(place).await));
    }
    people.adam.archive(&threads[3].1).await;
    people.suspend().await;
    for (place, thread) in threads {
        let (senders, managers) =
            (matrix.may("Mutation", "messageSend", place), matrix.may("Mutation", "threadArchive", place));
        let members = matrix.may("ViewerThreadState", "canSend", place);
        for caller in &people.callers {
            // A key that only reads is told what its account may.
            let role = if caller.role == Role::ReadKey { Role::Owner } else { caller.role };
            let answer = caller.client.graphql(document, json!({ "id": thread })).await;
            let state = answer.json.pointer("/data/thread/viewerState").filter(|state| !state.is_null());
            let expected = members.contains(&role).then(|| {
                let manages = managers.contains(&role) && !["direct", "closed"].contains(&place);
                json!({ "canSend": senders.contains(&role), "canManage": manages })
            });
            assert_eq!(state, expected.as_ref(), "{role:?} in {place}");
        }
    }
}

async fn what_is_private_is_no_node(engine: Engine) {
    let people = People::meet(engine).await;
    let mut own = super::own::place(&people.world, &people.olive).await;
    own.ids.extend(super::own::of_administrators(&people.world, &people.ada).await);
    let public = ["user", "viewer", "any", "username", "address", "chirp", "collection", "nft"];
    let private = own.ids.iter().filter(|(name, _)| !public.contains(name));
    let mut asked = 0;
    for (name, ids) in private {
        for caller in &people.callers {
            let document = "query($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }";
            let answer = caller.client.graphql(document, json!({ "ids": ids, "id": ids[0] })).await;
            let read = answer.json.pointer("/data/nodes").and_then(Value::as_array).into_iter().flatten();
            let read = read.chain(answer.json.pointer("/data/node")).filter(|node| !node.is_null()).count();
            assert_eq!(read, 0, "{name} as {:?}: {}", caller.role, answer.json);
            asked += 1;
        }
    }
    assert!(asked >= 7 * 14, "{asked} were asked for");
}
