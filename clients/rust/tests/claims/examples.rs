//! What the README shows is compiled, and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use linnet_client::Linnet;
use linnet_client::operations::{ChirpCreate, chirp_create};
use linnet_client::types::ChirpCreateInput;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::support::{Server, client, somebody, within};

/// A program of the README, which Cargo builds beside the tests.
fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("examples").join(name)
}

async fn run(name: &str, server: &Server, place: &TempDir) -> String {
    let mut command = Command::new(program(name));
    command.arg(server.url()).current_dir(place.path()).stdin(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
    let Output { status, stdout, stderr } = within("the program to end", ended).await.unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

async fn chirp(linnet: &Linnet, message: &str) {
    let input = ChirpCreateInput { message: message.to_owned(), client_key: None };
    linnet.mutate::<ChirpCreate>(chirp_create::Variables { input }).await.unwrap();
}

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let readme = include_str!("../../README.md");
    for example in [
        include_str!("../../examples/start.rs"),
        include_str!("../../examples/follow.rs"),
        include_str!("../../examples/pages.rs"),
    ] {
        let (_, code) = example.split_once("#![allow(clippy::print_stdout)]\n\n").unwrap();
        assert!(readme.contains(code), "the README has something else than\n{code}");
    }
}

#[tokio::test]
async fn the_readme_takes_a_newcomer_to_a_typed_subscription() {
    let server = Server::start().await;
    let mut command = tokio::process::Command::new(program("start"));
    let mut child = command.arg(server.url()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("the message to come by the stream", lines.next_line()).await.unwrap().unwrap();
    let name = line.split('"').nth(1).unwrap();
    assert_eq!(line, format!("Some(\"{name}\"): Some(\"Hello, I am {name}.\")"));
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_program_that_keeps_its_cursor_goes_on_where_it_was() {
    let (server, place) = (Server::start().await, tempfile::tempdir().unwrap());
    let ann = somebody(client(&server.url())).await;
    chirp(&ann, "Before it came").await;
    assert_eq!(run("follow", &server, &place).await, "");
    for message in ["One", "Two"] {
        chirp(&ann, message).await;
        let said = run("follow", &server, &place).await;
        assert_eq!(said.lines().collect::<Vec<_>>().len(), 1, "{said}");
        assert!(said.ends_with(&format!(": {message}\n")), "{said}");
    }
}

#[tokio::test]
async fn a_program_sends_once_is_told_which_field_is_wrong_and_pages_back() {
    let (server, place) = (Server::start().await, tempfile::tempdir().unwrap());
    // Once to sign up, and once to sign in.
    for _ in 0..2 {
        let said = run("pages", &server, &place).await;
        let expected = [
            r#"Blank ["content"]"#,
            r#"[Some("Nest 3"), Some("Nest 4")]"#,
            r#"[Some("Nest 1"), Some("Nest 2")]"#,
            r#"[Some("What it takes")]"#,
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    }
}
