//! Files of accounts: what is taken of them, and what is told of those that are not taken.

use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tests::import::{vector, vectors};
use tests::{World, claims};

claims![
    accounts_are_made_of_a_file,
    a_second_run_changes_nothing,
    all_that_is_wrong_is_told_and_nothing_is_written,
    what_stands_twice_in_a_file_is_told,
    what_somebody_has_is_told,
    a_file_without_a_header_is_none,
    a_quote_that_is_not_closed_is_told,
    heavy_a_long_file_takes_little_memory,
];

const HEADER: &str = "username,email,password_hash\n";

/// What a command said, all of it.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The lines about a file that was not taken.
#[track_caller]
fn flaws(output: &Output) -> Vec<String> {
    let text = said(output);
    assert!(!output.status.success() && text.contains("nothing was imported"), "{text}");
    text.lines().filter_map(|line| line.strip_prefix("users.csv:")).map(str::to_owned).collect()
}

#[track_caller]
fn counted(output: &Output, added: usize, present: usize) {
    let text = said(output);
    let words = format!("{added} accounts were imported, {present} were there already.");
    assert!(output.status.success() && text.contains(&words), "{text}");
    assert_eq!(text.contains("Their costliest hash is of cost "), added > 0, "{text}");
}

async fn accounts(world: &World) -> i64 {
    world.database.number("SELECT COUNT(*) FROM users").await
}

async fn accounts_are_made_of_a_file(world: World) {
    let vector = vector("2y");
    // Columns in another order, a mark at the beginning as some programs write it, lines as others do.
    let file = format!(
        "\u{feff}email,created_at,password_hash,username,email_verified,display_name\r\n\
         Ann@Example.org,2019-03-01T10:00:00.5+01:00,{0},Ann,true,\"Ann, \"\"the first\"\"\"\r\n\
         bob@example.org,,{0},bob,,\r\n",
        vector.hash
    );
    counted(&world.import(file).await, 2, 0);
    let sign_in = async |login: &str| {
        let input = json!({ "login": login, "password": vector.password });
        let select =
            "accessToken refreshToken session { id } user { id username kind createdAt profile { displayName } }";
        let answer = world.anonymous.mutate("sessionCreate", input, select).await;
        (world.anonymous.signed_in("sessionCreate", &answer), answer.ok("/sessionCreate/user").clone())
    };
    let ((ann, of_ann), (bob, of_bob)) = (sign_in("ann@example.org").await, sign_in("BOB").await);
    assert_eq!((&of_ann["username"], &of_ann["kind"]), (&json!("Ann"), &json!("HUMAN")));
    assert_eq!(of_ann["createdAt"], "2019-03-01T09:00:00.500000Z");
    assert_eq!(of_ann["profile"]["displayName"], "Ann, \"the first\"");
    assert_eq!(of_bob["profile"]["displayName"], "bob");
    let viewer = "{ viewer { email emailVerifiedAt } }";
    let viewers = [ann.graphql(viewer, Value::Null).await, bob.graphql(viewer, Value::Null).await];
    assert_eq!(viewers[0].ok("/viewer/email"), "Ann@Example.org");
    assert!(viewers[0].ok("/viewer/emailVerifiedAt").is_string());
    assert!(viewers[1].ok("/viewer/emailVerifiedAt").is_null(), "nobody has said so");
    let log = ann.audit_log().await;
    let made = log.iter().find(|line| line["action"] == "ACCOUNT_CREATE").expect("a line that says so");
    assert_eq!((&made["actor"], &made["ipAddress"]), (&Value::Null, &Value::Null));
    // They are found as anybody is.
    let found = bob.graphql("{ users(search: \"ann, the\", first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(found.list("/users/nodes").len(), 0, "not by what is not how it is spelled");
    let found = bob.graphql("{ users(search: \"ANN, \\\"THE\", first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(found.ok("/users/nodes"), &json!([{ "id": ann.id }]));
}

async fn a_second_run_changes_nothing(world: World) {
    let rows: String = vectors()
        .iter()
        .enumerate()
        .map(|(number, vector)| format!("user{number},User{number}@Example.org,{}\n", vector.hash))
        .collect();
    let count = vectors().len();
    counted(&world.import(format!("{HEADER}{rows}")).await, count, 0);
    let imported = world.password_hash("user0").await;
    counted(&world.import(format!("{HEADER}{rows}")).await, 0, count);
    // One has signed in meanwhile, addresses are spelled otherwise, and there is one more.
    let input = json!({ "login": "user0", "password": vectors()[0].password });
    world.anonymous.mutate("sessionCreate", input, "user { id }").await.ok("/sessionCreate/user/id");
    let anew = world.password_hash("user0").await;
    assert!(imported.starts_with("$2") && anew.starts_with("$argon2id$"));
    let otherwise = rows.replace(",User", ",USER").replace("@Example.org", "@EXAMPLE.ORG");
    let more = format!("{HEADER}{otherwise}new,new@example.org,{}\n", vectors()[1].hash);
    counted(&world.import(more).await, 1, count);
    assert_eq!(world.password_hash("user0").await, anew, "who has signed in keeps what was made then");
    assert_eq!(accounts(&world).await, count as i64 + 1);
}

async fn all_that_is_wrong_is_told_and_nothing_is_written(world: World) {
    let hash = vector("2b").hash;
    let of_cost = |cost: &str| hash.replacen("$04$", &format!("${cost}$"), 1);
    let long = "x".repeat(51);
    let rows = [
        format!("good,good@example.org,{hash},,,"),
        format!(",none@example.org,{hash},,,"),
        format!("not good,space@example.org,{hash},,,"),
        format!("{long},long@example.org,{hash},,,"),
        format!("ann,no address,{hash},,,"),
        "bob,bob@example.org,correct horse battery staple,,,".to_owned(),
        format!("cec,cec@example.org,{},,,", hash.replacen("$2b$", "$2x$", 1)),
        format!("dan,dan@example.org,{},,,", of_cost("15")),
        format!("eve,eve@example.org,{},,,", of_cost("03")),
        format!("fay,fay@example.org,{hash},{},,", "y".repeat(101)),
        format!("gus,gus@example.org,{hash},,yesterday,"),
        format!("hal,hal@example.org,{hash},,2999-01-01T00:00:00Z,"),
        format!("ida,ida@example.org,{hash},,,perhaps"),
        format!("jon,jon@example.org,{hash}"),
        format!("$,$,{},,,", &hash[..59]),
        format!("\"a\nb\",kim@example.org,{hash},,,"),
        format!("leo,leo@example.org,{hash},,,"),
    ];
    let file = format!("username,email,password_hash,display_name,created_at,email_verified\n{}\n", rows.join("\n"));
    let mut bytes = file.into_bytes();
    bytes.extend(b"max,m\xff@example.org,,,,\n");
    let told = flaws(&world.import(bytes).await);
    let begins = [
        "3: username: ",
        "4: username: ",
        "5: username: ",
        "6: email: ",
        "7: password_hash: ",
        "8: password_hash: ",
        "9: password_hash: ",
        "10: password_hash: ",
        "11: display_name: ",
        "12: created_at: ",
        "13: created_at: ",
        "14: email_verified: ",
        "15: ",
        "16: username: ",
        "16: email: ",
        "16: password_hash: ",
        "17: username: ",
        "20: email: ",
    ];
    for beginning in begins {
        assert!(told.iter().any(|line| line.starts_with(beginning)), "{beginning} in {told:#?}");
    }
    assert!(told.iter().all(|line| begins.iter().any(|beginning| line.starts_with(beginning))), "{told:#?}");
    let of_line = |line: &str| told.iter().find(|told| told.starts_with(line)).unwrap().clone();
    assert!(of_line("9:").contains("above 14") && of_line("15:").contains("3 fields"), "{told:#?}");
    assert!(!told.iter().any(|line| line.contains("$2") && line.len() > 120), "no hash is told: {told:#?}");
    assert_eq!(accounts(&world).await, 0);
}

async fn what_stands_twice_in_a_file_is_told(world: World) {
    let hash = vector("2b").hash;
    let rows: String = (0..600).map(|number| format!("user{number},user{number}@example.org,{hash}\n")).collect();
    // Far apart, whatever the case, and a row that is there as it is.
    let again =
        format!("USER3,other@example.org,{hash}\nother,User4@Example.ORG,{hash}\nuser5,user5@example.org,{hash}\n");
    let told = flaws(&world.import(format!("{HEADER}{rows}{again}{again}")).await);
    let expected = [
        "602: username: Line 5 has the same username.",
        "603: email: Line 6 has the same email.",
        "604: username: Line 7 has the same username.",
        "604: email: Line 7 has the same email.",
        "605: username: Line 5 has the same username.",
        "605: email: Line 602 has the same email.",
        "606: username: Line 603 has the same username.",
        "606: email: Line 6 has the same email.",
        "607: username: Line 7 has the same username.",
        "607: email: Line 7 has the same email.",
    ];
    assert_eq!(told, expected);
    assert_eq!(accounts(&world).await, 0);
}

async fn what_somebody_has_is_told(world: World) {
    world.users(["alice", "bob"]).await;
    let hash = vector("2b").hash;
    let rows = format!(
        "{HEADER}Alice,other@example.org,{hash}\nother,BOB@example.org,{hash}\nalice,bob@example.org,{hash}\n\
         ALICE,Alice@Example.org,{hash}\ncecil,cecil@example.org,{hash}\n"
    );
    let told = flaws(&world.import(rows).await);
    let expected = [
        "2: username: Another account has this username.",
        "3: email: Another account has this email.",
        "4: username: Another account has this username.",
        "4: email: Another account has this email.",
    ];
    assert_eq!(told[..4], expected, "the fifth line is of an account that is there: {told:?}");
    assert_eq!(accounts(&world).await, 2);
    assert!(world.anonymous.sign_in("alice").await.is_signed_in().await);
}

async fn a_file_without_a_header_is_none(world: World) {
    let hash = vector("2b").hash;
    for (content, expected) in [
        (String::new(), "1: "),
        (format!("ann,ann@example.org,{hash}\n"), "1: ann: "),
        ("username,email\nann,ann@example.org\n".to_owned(), "1: password_hash: "),
        (format!("username,email,password_hash,email\nann,a@example.org,{hash},b@example.org\n"), "1: email: "),
        (format!("username,email,password_hash,is_admin\nann,a@example.org,{hash},true\n"), "1: is_admin: "),
    ] {
        let told = flaws(&world.import(&content).await);
        assert!(told[0].starts_with(expected), "{content}: {told:?}");
    }
    let nothing = world.command(&["user", "import", "nowhere.csv"]).await;
    assert!(!nothing.status.success() && said(&nothing).contains("nowhere.csv"), "{}", said(&nothing));
    counted(&world.import(HEADER).await, 0, 0);
    assert_eq!(accounts(&world).await, 0);
}

async fn a_quote_that_is_not_closed_is_told(world: World) {
    let hash = vector("2b").hash;
    let rows: String = (0..3000).map(|number| format!("user{number},user{number}@example.org,{hash}\n")).collect();
    let file = format!("{HEADER}ann,ann@example.org,{hash}\n\"bob,bob@example.org,{hash}\n{rows}");
    let told = flaws(&world.import(file).await);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("3: ") && told[0].contains("quote"), "{told:?}");
    assert_eq!(accounts(&world).await, 0);
}

/// The most memory that an import of so many rows had at once, in KiB.
async fn peak(world: &World, rows: usize) -> u64 {
    let hash = vector("2b").hash;
    let name = |number: usize| format!("user-of-another-system-{number:09}");
    let lines = (0..rows).map(|number| format!("{0},{0}@example.org,{hash}\n", name(number)));
    let file: String = std::iter::once(HEADER.to_owned()).chain(lines).chain(["bad\n".to_owned()]).collect();
    std::fs::write(world.database.directory().join("users.csv"), file).unwrap();
    let mut command = world.server.command(&["user", "import", "users.csv"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watching = tokio::task::spawn_blocking(move || {
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse().ok());
            most = most.max(kib.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        most
    });
    watching.await.unwrap()
}

async fn heavy_a_long_file_takes_little_memory(world: World) {
    let (short, long) = (peak(&world, 2_000).await, peak(&world, 200_000).await);
    // Sixteen bytes a row, and what a growing list takes while it grows.
    assert!(long < short + 16 * 1024, "{short} KiB for 2,000 rows, {long} for 200,000");
    assert_eq!(accounts(&world).await, 0);
}
