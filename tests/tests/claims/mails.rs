//! Mails: where they go, and that what is in them is nobody else's.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tests::mail::PROVE;
use tests::{Engine, Smtp, World, claims, eventually};

claims![
    without_a_server_mails_are_files_and_the_log_says_so,
    mails_go_to_the_server_that_is_set,
    a_server_may_ask_for_tls,
    a_mail_waits_for_a_server_that_is_away,
    links_lead_to_the_pages_that_are_set,
    what_the_server_writes_nobody_else_reads,
];

async fn without_a_server_mails_are_files_and_the_log_says_so(world: World) {
    let alice = world.user("alice").await;
    let mail = world.server.mail_to(&alice.email(), PROVE, 1).await;
    assert_eq!(mail.header("From"), "Linnet <linnet@localhost>");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.header("Message-ID").ends_with("@localhost>"), "{mail:?}");
    assert!(mail.text.contains("alice") && !mail.text.contains("http"), "{mail:?}");
    assert!(mail.code().len() > 40, "{mail:?}");
    let log = eventually("the log to say so", async || {
        let log = world.server.log();
        log.contains("a mail was written to a file").then_some(log)
    })
    .await;
    assert!(log.contains("no smtp_url is set: mails are not sent"), "{log}");
    assert!(!log.contains(&alice.email()) && !log.contains(&mail.code()), "{log}");
}

async fn mails_go_to_the_server_that_is_set(engine: Engine) {
    let mut smtp = Smtp::prepare();
    smtp.launch().await;
    let sender = "Linnet at work <linnet@example.com>";
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &smtp.url()), ("LINNET_MAIL_FROM", sender)]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mails = eventually("two mails", async || Some(smtp.mails()).filter(|mails| mails.len() == 2)).await;
    for user in [&alice, &bob] {
        let mail = mails.iter().find(|mail| mail.header("To") == user.email()).expect("a mail to each");
        assert_eq!(mail.header("From"), "\"Linnet at work\" <linnet@example.com>");
        assert_eq!(mail.header("X-MailFrom"), "linnet@example.com");
        assert_eq!((mail.header("X-RcptTo"), mail.subject()), (user.email().as_str(), PROVE));
        let proved = world.anonymous.mutate("accountVerifyEmail", json!({ "token": mail.code() }), "user { id }").await;
        assert_eq!(proved.text("/accountVerifyEmail/user/id"), user.id);
    }
    assert!(world.server.mails().is_empty(), "nothing is written into files");
    tests::job::all_done(&world.database).await;
    assert_eq!(smtp.mails().len(), 2);
}

async fn a_server_may_ask_for_tls(engine: Engine) {
    let mut smtp = Smtp::prepare_with_tls();
    smtp.launch().await;
    let certificate = smtp.certificate().display().to_string();
    let settings = [("LINNET_SMTP_URL", smtp.url()), ("SSL_CERT_FILE", certificate)];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let world = World::start_with(engine, &settings).await;
    let alice = world.user("alice").await;
    let mails = eventually("a mail", async || Some(smtp.mails()).filter(|mails| !mails.is_empty())).await;
    assert_eq!(mails[0].header("To"), alice.email());
    // Whose certificate is not known gets nothing.
    let mut stranger = Smtp::prepare_with_tls();
    stranger.launch().await;
    world.server.set("LINNET_SMTP_URL", &stranger.url());
    world.server.restart().await;
    world.user("bob").await;
    let failed = async || {
        (world.database.number("SELECT COUNT(*) FROM jobs WHERE attempts > 0 AND reserved_at IS NULL").await == 1)
            .then_some(())
    };
    eventually("the mail to fail", failed).await;
    assert!(stranger.mails().is_empty());
}

async fn a_mail_waits_for_a_server_that_is_away(engine: Engine) {
    let mut smtp = Smtp::prepare();
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &smtp.url())]).await;
    let alice = world.user("alice").await;
    let failed =
        async || (world.database.number("SELECT COUNT(*) FROM jobs WHERE attempts > 0").await == 1).then_some(());
    eventually("the first attempt", failed).await;
    smtp.launch().await;
    let mails = eventually("the mail", async || Some(smtp.mails()).filter(|mails| !mails.is_empty())).await;
    assert_eq!((mails.len(), mails[0].header("To")), (1, alice.email().as_str()));
}

async fn links_lead_to_the_pages_that_are_set(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_PUBLIC_URL", "https://chat.example.org/app/")]).await;
    let alice = world.user("alice").await;
    let mail = world.server.mail_to(&alice.email(), PROVE, 1).await;
    let link = format!("https://chat.example.org/app/verify-email#token={}", mail.code());
    assert!(mail.text.lines().any(|line| line == link), "{mail:?}");
}

/// Who may do what with a file, as `chmod` says it.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn what_the_server_writes_nobody_else_reads(world: World) {
    let alice = world.user("alice").await;
    world.server.mail_to(&alice.email(), PROVE, 1).await;
    let data = world.server.data();
    assert_eq!((mode(&data), mode(&data.join("mail"))), (0o700, 0o700));
    for mail in std::fs::read_dir(data.join("mail")).unwrap() {
        assert_eq!(mode(&mail.unwrap().path()), 0o600);
    }
    if world.database.engine() == Engine::Sqlite {
        for name in ["linnet.db", "linnet.db-wal", "linnet.db-shm"] {
            assert_eq!(mode(&world.database.directory().join(name)), 0o600, "{name}");
        }
    }
}
