//! A server on a database of its own, and the people and threads of a scenario.

use std::process::Output;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::{Client, Database, Engine, Server, Socket, User};

/// What most tests start from.
pub struct World {
    /// The server. Before the database, so that it is gone when the database is dropped.
    pub server: Server,
    /// Its database, which another node may share.
    pub database: Arc<Database>,
    /// Somebody who is not signed in.
    pub anonymous: Client,
}

impl World {
    /// A server on an empty database.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[]).await
    }

    /// The same with further settings, such as `("LINNET_…", "…")`.
    pub async fn start_with(engine: Engine, environment: &[(&str, &str)]) -> Self {
        Self::on(Database::create(engine).await, environment).await
    }

    /// A server on this database.
    pub async fn on(database: impl Into<Arc<Database>>, environment: &[(&str, &str)]) -> Self {
        let database = database.into();
        let server = Server::start(&database, environment).await;
        let anonymous = Client::anonymous(&server);
        Self { server, database, anonymous }
    }

    /// The same user, asking this node.
    pub fn here(&self, user: &User) -> User {
        self.anonymous.as_user(user)
    }

    /// A new account.
    pub async fn user(&self, username: &str) -> User {
        self.anonymous.sign_up(username).await
    }

    /// Several new accounts: `let [alice, bob] = world.users(["alice", "bob"]).await`.
    pub async fn users<const N: usize>(&self, usernames: [&str; N]) -> [User; N] {
        let users = join_all(usernames.map(|username| self.user(username))).await;
        users.try_into().unwrap_or_else(|_| unreachable!("one user per name"))
    }

    /// `count` new accounts, `prefix1`, `prefix2`, …
    pub async fn crowd(&self, prefix: &str, count: usize) -> Vec<User> {
        let mut crowd = Vec::with_capacity(count);
        let names: Vec<_> = (1..=count).map(|number| format!("{prefix}{number}")).collect();
        for names in names.chunks(8) {
            crowd.extend(join_all(names.iter().map(|name| self.user(name))).await);
        }
        crowd
    }

    /// A guest.
    pub async fn guest(&self, username: &str) -> User {
        self.anonymous.enter_as_guest(username).await
    }

    /// The direct thread of two.
    pub async fn direct(&self, one: &User, other: &User) -> String {
        one.create_direct(other).await
    }

    /// A group of the admin and the members.
    pub async fn group(&self, admin: &User, members: &[&User]) -> String {
        admin.create_group(members).await
    }

    /// A public room with this admin alone.
    pub async fn room(&self, admin: &User) -> String {
        admin.create_room("A room").await
    }

    /// A public room that these members have joined.
    pub async fn room_of(&self, admin: &User, members: &[&User]) -> String {
        let room = self.room(admin).await;
        for member in members {
            member.join(&room).await;
        }
        room
    }

    /// A socket of this user, with its init acknowledged.
    pub async fn socket(&self, user: &User) -> Socket {
        Socket::connect(&self.server, Some(&user.token)).await
    }

    /// Runs one of the commands on this server's database, such as `["user", "grant-admin", "alice"]`.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = self.server.command(arguments);
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    /// Makes somebody an administrator, as whoever runs the server does.
    pub async fn grant_admin(&self, username: &str) {
        let output = self.command(&["user", "grant-admin", username]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
