//! Every mutation, asked for by everybody with an input that is good for those who may.

use futures_util::future::join_all;
use serde_json::Value;
use tests::{Answer, Client, Engine, claims};

use super::arrange::Scene;
use super::canary;
use super::matrix::Matrix;
use super::people::{Caller, People};
use super::sdl::Sdl;
use super::snapshot::Snapshots;

claims![everybody_changes_what_the_matrix_says_and_nothing_else];

/// What came of a change.
#[derive(Debug, PartialEq)]
enum Outcome {
    Made,
    Refused,
    /// Neither: the input was not good.
    Odd(Value),
}

async fn everybody_changes_what_the_matrix_says_and_nothing_else(engine: Engine) {
    let (sdl, matrix) = (Sdl::read(), Matrix::read());
    let people = People::meet(engine).await;
    let (scene, snapshots) = (Scene::new(&people).await, Snapshots::of(&people.world.database).await);
    people.suspend().await;
    let mut wrong = Vec::new();
    for mutation in sdl.fields("Mutation") {
        for place in sdl.places_of(mutation) {
            let may = matrix.may("Mutation", mutation, place);
            let (allowed, denied): (Vec<_>, Vec<_>) =
                people.callers.iter().partition(|caller| may.contains(&caller.role));
            wrong.extend(refuse(&matrix, &people, &scene, &snapshots, mutation, place, &denied).await);
            let arranged = join_all(allowed.iter().map(|caller| scene.arrange(mutation, place, caller))).await;
            for (caller, (client, input)) in allowed.into_iter().zip(arranged) {
                match ask(&matrix, caller, &client, mutation, input).await {
                    Outcome::Made => {}
                    other => wrong.push(format!("{mutation} in {place} by {:?}, who may: {other:?}", caller.role)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Lets those ask who may not: what was not refused, and whether anything has changed.
async fn refuse(
    matrix: &Matrix,
    people: &People,
    scene: &Scene<'_>,
    snapshots: &Snapshots,
    mutation: &str,
    place: &str,
    denied: &[&Caller],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let arranged = scene.arrange_once(mutation, place, denied).await;
    let before = snapshots.take(&people.world.database).await;
    for (caller, (client, input)) in denied.iter().zip(arranged) {
        let outcome = ask(matrix, caller, &client, mutation, input).await;
        if outcome != Outcome::Refused {
            wrong.push(format!("{mutation} in {place} by {:?}, who may not: {outcome:?}", caller.role));
        }
    }
    let after = snapshots.take(&people.world.database).await;
    if before != after {
        let changed: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        wrong.push(format!("{mutation} in {place} was refused and has changed {changed:#?}"));
    }
    wrong
}

async fn ask(matrix: &Matrix, caller: &Caller, client: &Client, mutation: &str, input: Value) -> Outcome {
    let answer = client.mutate(mutation, input, "").await;
    canary::look(matrix, caller.role, mutation, &answer.json.to_string());
    outcome(&answer, mutation)
}

fn outcome(answer: &Answer, mutation: &str) -> Outcome {
    let refusals = ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "ARCHIVED"];
    if let Some(code) = answer.error_code() {
        return if refusals.contains(&code) { Outcome::Refused } else { Outcome::Odd(answer.json.clone()) };
    }
    let errors = answer.user_errors(mutation);
    // Who has a full account has nothing to upgrade.
    if mutation == "accountUpgrade" && errors.iter().any(|error| error.code == "CONFLICT") {
        return Outcome::Refused;
    }
    match errors.as_slice() {
        [] => Outcome::Made,
        errors if errors.iter().all(|error| refusals.contains(&error.code.as_str())) => Outcome::Refused,
        _ => Outcome::Odd(answer.json.clone()),
    }
}
