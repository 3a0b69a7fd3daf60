//! From a claim to two tests: one on SQLite, one on PostgreSQL.

use crate::{Engine, Nodes, World};

/// What a test function may look like: it takes a [`World`], two [`Nodes`], or the [`Engine`] to start one in its own way.
pub trait Claim<Takes> {
    /// Runs it to its end.
    fn check(self, engine: Engine) -> impl Future<Output = ()>;
}

impl<F: AsyncFnOnce(World)> Claim<World> for F {
    async fn check(self, engine: Engine) {
        self(World::start(engine).await).await;
    }
}

impl<F: AsyncFnOnce(Nodes)> Claim<Nodes> for F {
    async fn check(self, engine: Engine) {
        assert_eq!(engine, Engine::Postgres, "a file has one node");
        self(Nodes::start().await).await;
    }
}

impl<F: AsyncFnOnce(Engine)> Claim<Engine> for F {
    async fn check(self, engine: Engine) {
        self(engine).await;
    }
}

/// Runs one claim on one engine. [`claims!`](crate::claims) calls this.
pub fn run<Takes>(engine: Engine, claim: impl Claim<Takes>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(claim.check(engine));
}

/// Makes tests of the async functions that it names: `sqlite::name` and `postgres::name` for each. A function that is
/// written but not named is dead code, which the compiler reports.
#[macro_export]
macro_rules! claims {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                $crate::claim::run($crate::Engine::Sqlite, super::$name);
            })+
        }
        $crate::postgres_claims!($($name),+);
    };
}

/// [`claims!`] on PostgreSQL alone: of what takes more than one node, and a file of SQLite has one.
#[macro_export]
macro_rules! postgres_claims {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[test]
            fn $name() {
                $crate::claim::run($crate::Engine::Postgres, super::$name);
            })+
        }
    };
}
