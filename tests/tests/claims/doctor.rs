//! `linnet doctor`: what it says of the database, of the bus and of the mail server.

mod database;
mod surroundings;

use tests::{Engine, Smtp, World, claims};

claims![the_doctor_goes_to_the_mail_server_and_gives_it_nothing, the_doctor_says_why_the_mail_server_lets_nobody_in];

/// What the doctor says of the mail server, and whether all is well.
async fn examined(world: &World, url: &str, certificate: Option<&Smtp>) -> (String, bool) {
    world.server.set("LINNET_SMTP_URL", url);
    let certificate = certificate.map(|smtp| smtp.certificate().display().to_string()).unwrap_or_default();
    let mut command = world.server.command(&["doctor"]);
    if !certificate.is_empty() {
        command.env("SSL_CERT_FILE", certificate);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<_> = said.lines().skip_while(|line| !line.contains(" smtp: ")).collect();
    (lines.join("\n"), output.status.success())
}

async fn the_doctor_goes_to_the_mail_server_and_gives_it_nothing(engine: Engine) {
    let world = World::start(engine).await;
    assert_eq!(examined(&world, "", None).await, (String::new(), true), "there is none to go to");
    for mut smtp in [Smtp::prepare(), Smtp::prepare_with_tls(), Smtp::prepare_with_starttls()] {
        smtp.launch().await;
        let (said, well) = examined(&world, &smtp.url(), Some(&smtp)).await;
        assert!(well && said.starts_with("ok       smtp: The mail server at 127.0.0.1:"), "{}: {said}", smtp.url());
        assert!(smtp.mails().is_empty());
    }
}

async fn the_doctor_says_why_the_mail_server_lets_nobody_in(engine: Engine) {
    let world = World::start(engine).await;
    let away = Smtp::prepare();
    let mut plain = Smtp::prepare();
    plain.launch().await;
    let mut stranger = Smtp::prepare_with_tls();
    stranger.launch().await;
    let with_password = plain.url().replace("smtp://", "smtp://ann:secret@");
    for (url, why) in [
        (away.url(), "refused"),
        (format!("{}?tls=required", plain.url()), "STARTTLS"),
        (stranger.url(), "certificate"),
        // It asks for none, and takes none.
        (with_password, "authentication"),
    ] {
        let (said, well) = examined(&world, &url, None).await;
        assert!(!well && said.starts_with("PROBLEM  smtp: The mail server at 127.0.0.1:"), "{url}: {said}");
        assert!(said.to_lowercase().contains(&why.to_lowercase()) && said.contains("LINNET_SMTP_URL"), "{url}: {said}");
        assert!(!said.contains("secret") && !said.contains("ann"), "{said}");
    }
    // A server that takes the connection and says nothing is not waited for longer than a person waits.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (said, well) = examined(&world, &format!("smtp://{}", silent.local_addr().unwrap()), None).await;
    assert!(!well && said.contains("says nothing"), "{said}");
    assert!(plain.mails().is_empty() && stranger.mails().is_empty());
}
