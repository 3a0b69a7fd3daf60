//! What a configuration may say, and what it must not.

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Config> {
    let mut table: Table = DEFAULTS.parse()?;
    overlay_environment(&mut table, variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))?;
    Config::of(table)
}

#[test]
fn the_environment_wins_and_unknown_settings_are_errors() {
    let config = with(&[("LINNET_LISTEN", "0.0.0.0:1"), ("LINNET_RATE_LIMITS", "off"), ("HOME", "/")]);
    let config = config.expect("valid settings");
    assert_eq!((config.listen.port(), config.rate_limits), (1, Switch::Off));
    assert!(with(&[("LINNET_LISTEM", "0.0.0.0:1")]).is_err());
    assert!(with(&[("LINNET_HUB_LOOK_MS", "soon")]).is_err());
    for (name, value) in
        [("HUB_LOOK_MS", "0"), ("SESSION_DAYS", "300000000"), ("DOCUMENT_TOKENS", "0"), ("BODY_BYTES", "-1")]
    {
        let error = with(&[(&format!("LINNET_{name}"), value)]).map(drop).unwrap_err().to_string();
        assert!(error.contains(&name.to_lowercase()), "{error}");
    }
    assert!(with(&[("LINNET_DRAIN_SECONDS", "0")]).is_ok());
    assert!(with(&[("LINNET_DATABASE_URL", "mysql://x")]).is_err());
}

#[test]
fn the_pool_is_as_it_was_in_the_systems_before() {
    let usual = with(&[]).expect("the defaults are valid");
    let pool = usual.database();
    let times = (pool.acquire_timeout, pool.idle_timeout);
    assert_eq!((pool.max_connections, times), (20, (Duration::from_secs(2), Duration::from_secs(30))));
    let changed = with(&[
        ("LINNET_DATABASE_MAX_CONNECTIONS", "10"),
        ("LINNET_DATABASE_ACQUIRE_TIMEOUT_MS", "15000"),
        ("LINNET_DATABASE_IDLE_TIMEOUT_SECONDS", "600"),
    ]);
    let pool = changed.expect("valid settings").database();
    let times = (pool.acquire_timeout, pool.idle_timeout);
    assert_eq!((pool.max_connections, times), (10, (Duration::from_secs(15), Duration::from_secs(600))));
    assert!(usual.settings().lobby, "there is a lobby unless it is turned off");
}

#[test]
fn how_mails_leave_is_checked() {
    assert!(with(&[]).expect("the defaults are valid").mailer().expect("a way").directory().is_some());
    let url = ("LINNET_SMTP_URL", "smtp://ann:secret@mail.example.org:2525?tls=required");
    assert!(with(&[url]).expect("valid settings").mailer().expect("a way").directory().is_none());
    for (name, value) in [
        ("LINNET_SMTP_URL", "http://ann:secret@mail.example.org"),
        ("LINNET_SMTP_URL", "mail.example.org:25"),
        ("LINNET_MAIL_FROM", "Ann"),
        ("LINNET_PUBLIC_URL", "chat.example.org"),
    ] {
        let error = format!("{:#}", with(&[(name, value)]).map(drop).unwrap_err());
        assert!(!error.contains("secret") && error.contains(&name[7..].to_lowercase()), "{error}");
    }
}

#[test]
fn wallets_are_told_of_the_site_in_a_form_that_they_read() {
    let domain = ("LINNET_WALLET_DOMAIN", "chat.example.org");
    let site = |variables: &[(&str, &str)]| with(variables).map(|config| config.settings().wallets);
    assert!(site(&[]).expect("valid settings").is_none(), "off by default");
    let usual = site(&[domain]).expect("valid settings").expect("a site");
    assert_eq!((usual.uri.as_str(), &usual.chains, usual.accounts), ("https://chat.example.org", &vec![1], false));
    let chains = site(&[domain, ("LINNET_WALLET_CHAINS", "1, 10,8453")]).expect("valid settings").expect("a site");
    assert_eq!(chains.chains, [1, 10, 8453]);
    assert!(
        site(&[("LINNET_WALLET_DOMAIN", "localhost:8080"), ("LINNET_WALLET_URI", "http://localhost:8080/")]).is_ok()
    );
    for (name, value) in [
        ("DOMAIN", "https://chat.example.org"),
        ("DOMAIN", "chat.example.org\n"),
        ("DOMAIN", "chat.example.org/"),
        ("URI", "chat.example.org"),
        ("URI", "https://"),
        ("URI", "https://a b"),
        ("CHAINS", ""),
        ("CHAINS", "0"),
        ("CHAINS", "one"),
        ("CHAINS", "99999999999"),
        ("ACCOUNTS", "yes"),
    ] {
        assert!(site(&[domain, (&format!("LINNET_WALLET_{name}"), value)]).is_err(), "{name} = {value}");
    }
}

#[test]
fn nats_is_for_postgresql_and_its_address_is_checked() {
    let postgres = ("LINNET_DATABASE_URL", "postgres://host/linnet");
    let config = with(&[postgres, ("LINNET_NATS_URL", "nats://user:secret@host")]).expect("valid settings");
    let options = config.nats().expect("a valid address").expect("there is one");
    assert_eq!(options.name(), "host:4222");
    assert!(with(&[postgres]).expect("valid settings").nats().expect("none is fine").is_none());
    assert!(with(&[("LINNET_NATS_URL", "nats://host")]).is_err(), "a file has one node");
    let error = with(&[postgres, ("LINNET_NATS_URL", "http://user:secret@host")]).expect_err("not NATS");
    assert!(!format!("{error:#}").contains("secret"));
    assert!(with(&[postgres, ("LINNET_NATS_URL", "nats://host"), ("LINNET_NATS_SUBJECT", "a b")]).is_err());
}

#[test]
fn an_assistant_has_an_endpoint_and_a_model() {
    let endpoint = ("LINNET_ASSISTANT_ENDPOINT", "http://127.0.0.1:11434/v1");
    let model = ("LINNET_ASSISTANT_MODEL", "parrot");
    assert!(with(&[]).expect("the defaults are valid").settings().assistant.is_none());
    let settings = with(&[endpoint, model]).expect("valid settings").settings().assistant.expect("an assistant");
    assert_eq!((settings.answers_per_hour, settings.endpoint.key), (20, None));
    assert!(with(&[endpoint]).is_err(), "which model?");
    for wrong in ["example.org/v1", "ftp://example.org", "http://", "not an address"] {
        assert!(with(&[("LINNET_ASSISTANT_ENDPOINT", wrong), model]).is_err(), "{wrong}");
    }
    assert!(with(&[endpoint, model, ("LINNET_ASSISTANT_KEY", "a\nkey")]).is_err());
    assert!(with(&[endpoint, model, ("LINNET_ASSISTANT_ATTEMPTS", "11")]).is_err());
    let key = with(&[endpoint, model, ("LINNET_ASSISTANT_KEY", "secret-key")]).expect("valid settings").settings();
    assert!(!format!("{key:?}").contains("secret-key"), "settings are shown without secrets");
}

#[test]
fn files_are_kept_in_a_directory_or_in_a_bucket() {
    let storage = |variables: &[(&str, &str)]| with(variables).map(|config| format!("{:?}", config.storage()));
    assert_eq!(storage(&[]).expect("valid settings"), "Directory(\"./data/uploads\")");
    assert_eq!(storage(&[("LINNET_UPLOADS_URL", "/srv/files")]).expect("valid settings"), "Directory(\"/srv/files\")");
    let bucket = ("LINNET_UPLOADS_URL", "s3://files/of/linnet/");
    let key = [("LINNET_UPLOADS_S3_KEY_ID", "an-id"), ("LINNET_UPLOADS_S3_SECRET", "a-secret")];
    let told = storage(&[bucket, key[0], key[1]]).expect("valid settings");
    assert!(told.contains("\"files\"") && told.contains("\"of/linnet\"") && told.contains("an-id"), "{told}");
    assert!(!told.contains("a-secret"), "{told}");
    for wrong in [
        ("LINNET_UPLOADS_URL", "s3://"),
        ("LINNET_UPLOADS_URL", "s3:///files"),
        ("LINNET_UPLOADS_URL", "https://example.org/files"),
        ("LINNET_UPLOADS_S3_ENDPOINT", "minio:9000"),
        ("LINNET_UPLOADS_KEY", "short"),
        ("LINNET_UPLOAD_BYTES", "0"),
        key[0],
        key[1],
    ] {
        assert!(with(&[bucket, wrong]).is_err(), "{wrong:?}");
    }
    let secret = "a key that is long enough to sign with";
    let settings = with(&[("LINNET_UPLOADS_KEY", secret)]).expect("valid settings").settings();
    assert!(settings.uploads.key.is_some() && !format!("{settings:?}").contains(secret));
}
