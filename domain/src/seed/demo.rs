//! Plays the demo, through the same functions that people's requests take.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{MessageId, ThreadId, UserId};
use entity::participant::Role;
use entity::read_mark::MarkKind;
use sea_orm::{FromQueryResult, Value};

use super::cast::{GUESTS, PEOPLE, Who};
use super::chirps::CHIRPS;
use super::story::{Beat, Conversation, File, GRAPH, Place, conversations};
use super::{Credential, PASSWORD, drawing, mints};
use crate::access::Viewer;
use crate::account::{self, SignUp};
use crate::app::App;
use crate::assistant;
use crate::chirp;
use crate::cursor::ThreadCursor;
use crate::error::{Code, Error, Result};
use crate::invitation;
use crate::message::{self, AttachmentDraft, Draft, FileDraft};
use crate::participant;
use crate::profile::{self, Changes};
use crate::room_ban;
use crate::session::{self, Client};
use crate::text::unique_key;
use crate::thread::{self, New};
use crate::{reaction, receipt, upload};

/// Makes a small demo: eight people and two guests, direct threads, groups and rooms with something going on in them, a feed, and a few tokens.
/// Where it is already, changes nothing. Gives what to sign in with.
pub async fn demo(app: &Arc<App>) -> Result<Vec<Credential>> {
    if !is_there(app).await? {
        let stage = Stage::build(app).await?;
        for conversation in conversations() {
            stage.play(conversation).await?;
        }
        stage.chirp().await?;
        mints::ask(app, stage.viewer(mints::ARTIST)?).await?;
        stage.ask().await?;
        stage.strike().await?;
    }
    Ok(PEOPLE.iter().map(|who| Credential::of(who.username())).collect())
}

#[derive(FromQueryResult)]
struct Holder {
    username: String,
    email: Option<String>,
}

/// Whether the first person of the demo is there. Refuses if somebody else has one of the names.
async fn is_there(app: &App) -> Result<bool> {
    let everyone: Vec<Who> = PEOPLE.into_iter().chain(GUESTS).collect();
    let places: Vec<String> = (1..=everyone.len()).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT username, email FROM users WHERE username_key IN ({})", places.join(", "));
    let keys = everyone.iter().map(|who| Value::from(unique_key(who.username())));
    let holders: Vec<Holder> = app.db.all(sql, keys).await?;
    let first = PEOPLE[0];
    if holders.iter().any(|holder| holder.username == first.username() && holder.email == Some(first.email())) {
        return Ok(true);
    }
    if holders.is_empty() {
        return Ok(false);
    }
    let names: Vec<String> = holders.into_iter().map(|holder| holder.username).collect();
    let message =
        format!("The demo needs usernames that are taken here ({}): give it a fresh database.", names.join(", "));
    Err(Error::refuse(Code::Taken, "username", message))
}

/// Everybody, signed in.
struct Stage<'a> {
    app: &'a Arc<App>,
    viewers: HashMap<Who, Viewer>,
}

/// A message that was sent.
struct Line {
    words: &'static str,
    id: MessageId,
    sender: Who,
}

/// A thread while a conversation is played in it.
struct Scene {
    thread_id: ThreadId,
    lines: Vec<Line>,
    /// The end of the log.
    seq: i64,
}

impl Scene {
    /// The last message that begins so.
    fn line(&self, words: &str) -> Result<&Line> {
        let found = self.lines.iter().rev().find(|line| line.words.starts_with(words));
        found.ok_or_else(|| Error::internal(format!("nothing in the demo begins with `{words}`")))
    }
}

impl<'a> Stage<'a> {
    /// Signs everybody up. The first person comes last, so that the demo counts as there only when everybody is.
    async fn build(app: &'a Arc<App>) -> Result<Self> {
        let client = Client { user_agent: Some("linnet seed".into()), ..Client::default() };
        let mut viewers = HashMap::new();
        for who in GUESTS {
            let issued = account::create_guest(app, &client, who.username().into()).await?;
            viewers.insert(who, Viewer::signed_in(issued.user, issued.session.into()));
        }
        for who in PEOPLE.into_iter().rev() {
            let face = who.face();
            let sign_up = SignUp {
                username: who.username().into(),
                email: who.email(),
                password: PASSWORD.into(),
                display_name: face.as_ref().map(|face| format!("{} {}", face.first_name, face.last_name)),
                is_vouched_for: true,
                referral_code: None,
            };
            let issued = account::create(app, &client, &Viewer::anonymous(), sign_up).await?;
            let viewer = Viewer::signed_in(issued.user, issued.session.into());
            if let Some(face) = face {
                let changes = Changes {
                    display_name: None,
                    first_name: Some(Some(face.first_name.into())),
                    last_name: Some(Some(face.last_name.into())),
                    avatar_url: Some(Some(format!("https://example.com/avatars/{}.png", who.username()))),
                    bio: Some(Some(face.bio.into())),
                };
                profile::update(app, &viewer, changes).await?;
            }
            viewers.insert(who, viewer);
        }
        Ok(Self { app, viewers })
    }

    /// Signs everybody out: nobody holds the tokens.
    async fn strike(self) -> Result<()> {
        for viewer in self.viewers.values() {
            session::revoke(self.app, &Client::default(), viewer, None).await?;
        }
        Ok(())
    }

    fn viewer(&self, who: Who) -> Result<&Viewer> {
        self.viewers.get(&who).ok_or_else(|| Error::internal(format!("{who:?} is not in the demo")))
    }

    fn user_id(&self, who: Who) -> Result<UserId> {
        Ok(self.viewer(who)?.require()?.user.id)
    }

    async fn play(&self, conversation: &Conversation) -> Result<()> {
        let Some(mut scene) = self.open(conversation).await? else { return Ok(()) };
        for beat in conversation.beats {
            self.act(&mut scene, beat).await?;
        }
        Ok(())
    }

    /// Opens the thread of a conversation; none if it takes place in the lobby, and there is none.
    async fn open(&self, conversation: &Conversation) -> Result<Option<Scene>> {
        let host = self.viewer(conversation.host)?;
        let others = conversation.others.iter().map(|who| self.user_id(*who)).collect::<Result<Vec<_>>>()?;
        let new = match (conversation.place, &others[..]) {
            (Place::Direct, [other, ..]) => New::Direct(*other),
            (Place::Direct, []) => return Err(Error::internal("a direct thread of the demo is with nobody")),
            (Place::Group(title), _) => New::Group { title: Some(title.into()), participants: others },
            (Place::Room(title), _) => New::Room { title: title.into() },
            (Place::Lobby, _) => {
                let Some(lobby) = thread::lobby(self.app, host).await? else { return Ok(None) };
                let everybody = std::iter::once(&conversation.host).chain(conversation.others);
                return self.enter(lobby.id(), everybody).await.map(Some);
            }
        };
        let thread_id = thread::create(self.app, host, new).await?.id();
        let walk_in = matches!(conversation.place, Place::Room(_));
        self.enter(thread_id, conversation.others.iter().filter(|_| walk_in)).await.map(Some)
    }

    /// Lets people join a room.
    async fn enter(&self, thread_id: ThreadId, people: impl Iterator<Item = &Who> + Send) -> Result<Scene> {
        let mut scene = Scene { thread_id, lines: Vec::new(), seq: 0 };
        for who in people {
            scene.seq = participant::join(self.app, self.viewer(*who)?, thread_id).await?.seq;
        }
        Ok(scene)
    }

    /// What is said to everybody.
    async fn chirp(&self) -> Result<()> {
        for (number, (who, message)) in CHIRPS.into_iter().enumerate() {
            let draft = chirp::Draft { message: message.into(), client_key: Some(format!("demo-{}", number + 1)) };
            chirp::create(self.app, self.viewer(who)?, draft).await?;
        }
        Ok(())
    }

    /// What is asked of the assistant, if there is one: it answers once somebody does jobs.
    async fn ask(&self) -> Result<()> {
        if assistant::model(self.app).is_none() {
            return Ok(());
        }
        let asker = self.viewer(PEOPLE[0])?;
        let thread_id = thread::create(self.app, asker, New::Direct(assistant::id())).await?.id();
        let draft = Draft {
            thread_id,
            content: "Which seeds do blue tits like best in winter?".into(),
            client_key: Some("demo-1".into()),
            parent_id: None,
            metadata: None,
            attachments: Vec::new(),
        };
        message::send(self.app, asker, draft).await.map(drop)
    }

    async fn act(&self, scene: &mut Scene, beat: &Beat) -> Result<()> {
        let app = self.app;
        match beat {
            Beat::Says(who, text) => self.send(scene, *who, text, None, &[]).await?,
            Beat::Replies(who, to, text) => {
                let parent = scene.line(to)?.id;
                self.send(scene, *who, text, Some(parent), &[]).await?;
            }
            Beat::Shows(who, text, files) => self.send(scene, *who, text, None, files).await?,
            Beat::React(who, emoji) => self.react(scene, who, "", emoji).await?,
            Beat::ReactTo(who, words, emoji) => self.react(scene, who, words, emoji).await?,
            Beat::Edits(words, text) => {
                let line = scene.line(words)?;
                let (id, sender) = (line.id, self.viewer(line.sender)?);
                scene.seq = message::edit(app, sender, id, (*text).to_owned(), None).await?.seq;
            }
            Beat::Deletes(who, words) => {
                let id = scene.line(words)?.id;
                scene.seq = message::delete(app, self.viewer(*who)?, id).await?.seq;
            }
            Beat::Promotes(who, other) => {
                let (viewer, other) = (self.viewer(*who)?, self.user_id(*other)?);
                scene.seq = participant::set_role(app, viewer, scene.thread_id, other, Role::Admin).await?.seq;
            }
            Beat::Bans(who, whom, reason) => {
                let draft =
                    room_ban::Draft { user_id: self.user_id(*whom)?, reason: Some((*reason).into()), until: None };
                scene.seq = room_ban::create(app, self.viewer(*who)?, scene.thread_id, draft).await?.seq;
            }
            Beat::Invites(who, others) => {
                let draft = invitation::Draft { role: Role::Member, max_uses: None, expires_at: None };
                let code = invitation::create(app, self.viewer(*who)?, scene.thread_id, draft).await?.code;
                for other in *others {
                    let accepted = invitation::accept(app, &Client::default(), self.viewer(*other)?, &code).await?;
                    scene.seq = accepted.seq;
                }
            }
            Beat::Keeps(who, days) => {
                let update = thread::Update { retention_days: Some(Some(*days)), ..thread::Update::default() };
                scene.seq = thread::update(app, self.viewer(*who)?, scene.thread_id, update).await?.seq;
            }
            Beat::Get(who) => self.mark(scene, who, MarkKind::Delivered).await?,
            Beat::Read(who) => self.mark(scene, who, MarkKind::Read).await?,
        }
        Ok(())
    }

    async fn send(
        &self,
        scene: &mut Scene,
        sender: Who,
        words: &'static str,
        parent_id: Option<MessageId>,
        files: &[File],
    ) -> Result<()> {
        let mut attachments = Vec::with_capacity(files.len());
        for file in files {
            attachments.push(AttachmentDraft { file: self.show(sender, file).await?, metadata: None });
        }
        let draft = Draft {
            thread_id: scene.thread_id,
            content: words.into(),
            client_key: Some(format!("demo-{}", scene.lines.len() + 1)),
            parent_id,
            metadata: None,
            attachments,
        };
        let sent = message::send(self.app, self.viewer(sender)?, draft).await?;
        scene.seq = sent.reader.thread().last_seq;
        scene.lines.push(Line { words, id: sent.message.id, sender });
        Ok(())
    }

    /// A file to show: what is drawn here is put here.
    async fn show(&self, sender: Who, file: &File) -> Result<FileDraft> {
        let (name, media_type) = (file.name.to_owned(), file.media_type.to_owned());
        if file.name == GRAPH {
            let bytes = drawing::graph()?;
            let size = i32::try_from(bytes.len()).map_err(Error::internal)?;
            let draft = upload::Draft { name, media_type, size, client_key: None };
            return Ok(FileDraft::Here(upload::put(self.app, self.viewer(sender)?, draft, bytes).await?));
        }
        let url = format!("https://example.com/files/{name}");
        Ok(FileDraft::Elsewhere { url, media_type, name, size: file.size })
    }

    async fn react(&self, scene: &mut Scene, who: &[Who], words: &str, emoji: &str) -> Result<()> {
        let id = scene.line(words)?.id;
        for who in who {
            scene.seq = reaction::add(self.app, self.viewer(*who)?, id, emoji.to_owned()).await?.seq;
        }
        Ok(())
    }

    async fn mark(&self, scene: &mut Scene, who: &[Who], kind: MarkKind) -> Result<()> {
        for who in who {
            let up_to = ThreadCursor { epoch: self.app.log_epoch, seq: scene.seq }.encode(scene.thread_id);
            scene.seq = receipt::mark(self.app, self.viewer(*who)?, scene.thread_id, kind, &up_to).await?.seq;
        }
        Ok(())
    }
}
