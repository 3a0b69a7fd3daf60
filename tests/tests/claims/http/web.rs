//! The example for the web at `/app`, where the server was built with it; and how to get it, where it was not.

use tests::{World, claims};

use super::{Answered, ask};

claims![
    every_address_below_app_is_the_page_or_tells_how_to_get_it,
    what_the_page_loads_is_kept_for_good_and_the_page_is_asked_for_each_time,
    the_page_runs_nothing_and_asks_nobody_but_its_own_server,
];

/// The page, if this server has it. If not, whoever asks is told in a sentence what to do.
async fn page(world: &World, path: &str) -> Option<Answered> {
    let page = ask(world, "GET", path, &[], "").await;
    if page.status == 200 {
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        return Some(page);
    }
    assert_eq!((page.status, page.header("content-type")), (404, "text/plain; charset=utf-8"), "{path}");
    assert!(page.text.contains("npm ci --prefix clients/web"), "{path}: {}", page.text);
    None
}

/// What the page loads.
fn parts(page: &str) -> Vec<&str> {
    let parts: Vec<_> = page.split('"').filter(|address| address.starts_with("/app/assets/")).collect();
    assert!(parts.len() >= 2, "a script and a style sheet: {page}");
    parts
}

async fn every_address_below_app_is_the_page_or_tells_how_to_get_it(world: World) {
    let index = page(&world, "/app").await;
    for path in ["/app/", "/app/threads/thr_01m80atv9ne71v5q8nbgk5r0wx", "/app/chirps", "/app/no/such/page"] {
        let there = page(&world, path).await;
        assert_eq!(there.map(|page| page.text), index.as_ref().map(|page| page.text.clone()), "{path}");
    }
    assert_eq!(ask(&world, "GET", "/app/assets/index-00000000.js", &[], "").await.status, 404);
    assert_eq!(ask(&world, "GET", "/apples", &[], "").await.status, 404, "that is not below it");
}

async fn what_the_page_loads_is_kept_for_good_and_the_page_is_asked_for_each_time(world: World) {
    let Some(page) = page(&world, "/app/").await else { return };
    assert_eq!(page.header("cache-control"), "no-cache");
    let again = ask(&world, "GET", "/app/", &[("if-none-match", page.header("etag"))], "").await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    for part in parts(&page.text) {
        let loaded = ask(&world, "GET", part, &[], "").await;
        assert_eq!(
            (loaded.status, loaded.header("cache-control")),
            (200, "public, max-age=31536000, immutable"),
            "{part}"
        );
        let expected =
            if part.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(loaded.header("content-type"), expected, "{part}");
    }
}

async fn the_page_runs_nothing_and_asks_nobody_but_its_own_server(world: World) {
    let Some(page) = page(&world, "/app/").await else { return };
    for answer in [&page, &ask(&world, "GET", parts(&page.text)[0], &[], "").await] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let policy = answer.header("content-security-policy");
        let directives: Vec<_> = policy.split(';').map(str::trim).collect();
        for directive in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(directives.contains(&directive), "{directive} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    }
}
