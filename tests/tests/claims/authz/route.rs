//! The ways to every field: by a direct id, by `node`, by the edges of lists, and through what has it.

use serde_json::Value;

use super::people::Place;
use super::sdl::Sdl;

/// Where things of threads are.
const THREADS: &[&str] = &["group", "direct", "room", "closed"];
/// Where accounts, and what is private to them, are.
const OWN: &[&str] = &["own"];

/// To which type a way leads, of what is in which places, and how. `*` stands for the field that is asked for, `@name` for an id
/// of the place.
const ROUTES: &[(&str, &[&str], &str)] = &[
    ("Thread", THREADS, "thread(id: @thread) { * }"),
    ("Thread", THREADS, "node(id: @thread) { ... on Thread { * } }"),
    ("Thread", THREADS, "nodes(ids: [@thread]) { ... on Thread { * } }"),
    ("Thread", THREADS, "node(id: @message) { ... on Message { thread { * } } }"),
    ("Thread", THREADS, "viewer { threads(first: 20) { edges { node { * } } } }"),
    ("Thread", THREADS, "viewer { threads(first: 20, archived: true) { nodes { * } } }"),
    ("Thread", &["room"], "rooms(first: 20) { nodes { * } }"),
    (
        "Thread",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ThreadChanged { thread { * } } } } }",
    ),
    ("ViewerThreadState", THREADS, "thread(id: @thread) { viewerState { * } }"),
    ("ThreadEventPage", THREADS, "thread(id: @thread) { events(first: 60) { * } }"),
    ("Message", THREADS, "node(id: @message) { ... on Message { * } }"),
    ("Message", THREADS, "nodes(ids: [@message, @reply, @deleted]) { ... on Message { * } }"),
    ("Message", THREADS, "thread(id: @thread) { messages(first: 20) { edges { node { * } } } }"),
    ("Message", THREADS, "thread(id: @thread) { messages(around: @message) { nodes { * } } }"),
    ("Message", THREADS, "thread(id: @thread) { lastMessage { * } }"),
    ("Message", THREADS, "node(id: @reply) { ... on Message { parent { * } } }"),
    ("Message", THREADS, "node(id: @message) { ... on Message { replies(first: 20) { nodes { * } } } }"),
    ("Message", THREADS, "messageByClientKey(threadId: @thread, clientKey: @clientKey) { * }"),
    (
        "Message",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on MessagePosted { message { * } } } } }",
    ),
    (
        "Message",
        THREADS,
        "viewer { messageSearch(query: \"canary\", threadId: @thread, first: 20) { edges { node { message { * } } } } }",
    ),
    ("MessageSearchHit", THREADS, "viewer { messageSearch(query: \"canary\", threadId: @thread) { nodes { * } } }"),
    (
        "MessageSearchSnippetPart",
        THREADS,
        "viewer { messageSearch(query: \"canary\", threadId: @thread) { nodes { snippet { * } } } }",
    ),
    ("MessageRevision", THREADS, "node(id: @message) { ... on Message { revisions(first: 20) { * } } }"),
    ("MessageStatusTimestamps", THREADS, "node(id: @message) { ... on Message { statusTimestamps { * } } }"),
    ("MessageMention", THREADS, "node(id: @reply) { ... on Message { mentions { * } } }"),
    ("Receipt", THREADS, "node(id: @message) { ... on Message { receipts { * } } }"),
    ("ReactionGroup", THREADS, "node(id: @message) { ... on Message { reactions { * } } }"),
    ("AssistantAnswer", THREADS, "node(id: @message) { ... on Message { assistantAnswer { * } } }"),
    ("Message", THREADS, "node(id: @message) { ... on Message { assistantAnswer { message { * } } } }"),
    ("Attachment", THREADS, "node(id: @attachment) { ... on Attachment { * } }"),
    ("Attachment", THREADS, "nodes(ids: [@attachment]) { ... on Attachment { * } }"),
    ("Attachment", THREADS, "node(id: @message) { ... on Message { attachments { * } } }"),
    ("Participant", THREADS, "thread(id: @thread) { participants(first: 20) { edges { node { * } } } }"),
    (
        "Participant",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ParticipantChanged { participant { * } } } } }",
    ),
    (
        "Participant",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ReceiptsAdvanced { participants { * } } } } }",
    ),
    ("RoomBan", &["room"], "thread(id: @thread) { bans(first: 20) { edges { node { * } } } }"),
    ("ThreadInvitation", &["group"], "thread(id: @thread) { invitations(first: 20) { edges { node { * } } } }"),
    ("MessagePosted", THREADS, "thread(id: @thread) { events(first: 60) { frames { ... on MessagePosted { * } } } }"),
    ("MessageEdited", THREADS, "thread(id: @thread) { events(first: 60) { frames { ... on MessageEdited { * } } } }"),
    ("MessageDeleted", THREADS, "thread(id: @thread) { events(first: 60) { frames { ... on MessageDeleted { * } } } }"),
    (
        "ReactionsChanged",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ReactionsChanged { * } } } }",
    ),
    (
        "ReceiptsAdvanced",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ReceiptsAdvanced { * } } } }",
    ),
    (
        "ParticipantChanged",
        THREADS,
        "thread(id: @thread) { events(first: 60) { frames { ... on ParticipantChanged { * } } } }",
    ),
    ("ThreadChanged", THREADS, "thread(id: @thread) { events(first: 60) { frames { ... on ThreadChanged { * } } } }"),
    ("User", OWN, "user(by: { id: @user }) { * }"),
    ("User", OWN, "user(by: { username: @username }) { * }"),
    ("User", OWN, "node(id: @user) { ... on User { * } }"),
    ("User", OWN, "nodes(ids: [@user]) { ... on User { * } }"),
    ("User", OWN, "users(search: @username) { edges { node { * } } }"),
    ("Profile", OWN, "user(by: { id: @user }) { profile { * } }"),
    ("Profile", OWN, "node(id: @user) { ... on User { profile { * } } }"),
    ("Chirp", OWN, "chirps(first: 20) { edges { node { * } } }"),
    ("Chirp", OWN, "chirps(last: 20) { nodes { * } }"),
    ("Chirp", OWN, "node(id: @chirp) { ... on Chirp { * } }"),
    ("Chirp", OWN, "nodes(ids: [@chirp]) { ... on Chirp { * } }"),
    ("Chirp", OWN, "user(by: { id: @user }) { chirps(first: 20) { edges { node { * } } } }"),
    ("User", OWN, "node(id: @chirp) { ... on Chirp { author { * } } }"),
    ("NftCollection", OWN, "nftCollections(first: 20) { edges { node { * } } }"),
    ("NftCollection", OWN, "node(id: @collection) { ... on NftCollection { * } }"),
    ("NftCollection", OWN, "nodes(ids: [@collection]) { ... on NftCollection { * } }"),
    ("NftCollection", OWN, "node(id: @nft) { ... on Nft { collection { * } } }"),
    ("NftCollection", OWN, "viewer { mint(id: @mint) { collection { * } } }"),
    ("Nft", OWN, "node(id: @nft) { ... on Nft { * } }"),
    ("Nft", OWN, "nodes(ids: [@nft]) { ... on Nft { * } }"),
    ("Nft", OWN, "node(id: @collection) { ... on NftCollection { nfts(first: 20) { edges { node { * } } } } }"),
    ("Nft", OWN, "user(by: { id: @user }) { nfts(first: 20) { nodes { * } } }"),
    ("Nft", OWN, "viewer { mint(id: @mint) { nft { * } } }"),
    ("User", OWN, "node(id: @nft) { ... on Nft { owner { * } } }"),
    ("Mint", OWN, "viewer { mint(id: @mint) { * } }"),
    ("Mint", OWN, "viewer { mints(first: 20) { edges { node { * } } } }"),
    ("Mint", OWN, "viewer { mintBatch(id: @mintBatch) { mints(first: 20) { nodes { * } } } }"),
    ("MintBatch", OWN, "viewer { mintBatch(id: @mintBatch) { * } }"),
    ("Viewer", OWN, "viewer { * }"),
    ("Session", OWN, "viewer { session { * } }"),
    ("Session", OWN, "viewer { sessions(first: 20) { edges { node { * } } } }"),
    ("Device", OWN, "viewer { devices(first: 20) { edges { node { * } } } }"),
    ("Device", OWN, "viewer { sessions(first: 20) { nodes { device { * } } } }"),
    ("ApiKey", OWN, "viewer { apiKeys(first: 20) { edges { node { * } } } }"),
    ("Wallet", OWN, "viewer { wallets(first: 20) { edges { node { * } } } }"),
    ("Wallet", OWN, "viewer { sessions(first: 20) { nodes { wallet { * } } } }"),
    ("ReferralCode", OWN, "viewer { referralCodes(first: 20) { edges { node { * } } } }"),
    ("Referral", OWN, "viewer { referralCodes(first: 20) { nodes { referrals(first: 20) { nodes { * } } } } }"),
    ("DiaryEntry", OWN, "viewer { diaryEntries(first: 20) { edges { node { * } } } }"),
    ("DiaryEntry", OWN, "viewer { diaryEntry(id: @diaryEntry) { * } }"),
    ("ThreadInvitationPreview", OWN, "threadInvitation(code: @invitation) { * }"),
    ("AuditEntry", OWN, "viewer { auditLog(first: 50) { edges { node { * } } } }"),
    ("AuditEntry", OWN, "viewer { administration { auditLog(first: 50, userId: @user) { nodes { * } } } }"),
    ("Administration", OWN, "viewer { administration { * } }"),
    ("System", OWN, "system { * }"),
    ("DatabasePool", OWN, "system { pool { * } }"),
    ("DatabaseStatistics", OWN, "system { database { * } }"),
    ("IndexUsage", OWN, "system { database { indexes(first: 5) { * } } }"),
    ("StatementUsage", OWN, "system { database { slowestStatements(first: 5) { * } } }"),
    ("UntoldField", OWN, "system { database { untold { * } } }"),
    ("Assistant", OWN, "assistant { * }"),
    ("AssistantCost", OWN, "viewer { administration { assistantCosts(first: 20) { edges { node { * } } } } }"),
    ("FailedJob", OWN, "viewer { administration { failedJobs(first: 20) { edges { node { * } } } } }"),
    ("JobQueue", OWN, "viewer { administration { jobQueues { * } } }"),
    ("JobBatch", OWN, "viewer { administration { jobBatches(first: 20) { edges { node { * } } } } }"),
    ("JobBatch", OWN, "viewer { administration { jobBatch(id: @jobBatch) { * } } }"),
    (
        "AttachmentUpload",
        OWN,
        "mutation attachmentUploadCreate(input: { name: \"a.png\", type: \"image/png\", size: 3 }) { upload { * } }",
    ),
    (
        "WalletChallenge",
        OWN,
        "mutation walletChallengeCreate(input: { address: @address, chainId: 1 }) { challenge { * } }",
    ),
];

/// Fields that are not asked for by their name alone.
const CALLS: &[(&str, &str, &str)] = &[
    ("Query", "chirps", "chirps(first: 20)"),
    ("Query", "messageByClientKey", "messageByClientKey(threadId: @thread, clientKey: @clientKey)"),
    ("Query", "nftCollections", "nftCollections(first: 20)"),
    ("Query", "node", "node(id: @any)"),
    ("Query", "nodes", "nodes(ids: [@any])"),
    ("Query", "rooms", "rooms(first: 20)"),
    ("Query", "thread", "thread(id: @thread)"),
    ("Query", "threadInvitation", "threadInvitation(code: @invitation)"),
    ("Query", "user", "user(by: { id: @user })"),
    ("Query", "users", "users(search: @username)"),
    ("User", "chirps", "chirps(first: 20)"),
    ("User", "nfts", "nfts(first: 20)"),
    ("Viewer", "diaryEntry", "diaryEntry(id: @diaryEntry)"),
    ("Viewer", "messageSearch", "messageSearch(query: \"canary\", first: 20)"),
    ("Viewer", "mint", "mint(id: @mint)"),
    ("Viewer", "mintBatch", "mintBatch(id: @mintBatch)"),
    ("Administration", "jobBatch", "jobBatch(id: @jobBatch)"),
];

/// One way to what is in a place, with all the fields that are asked for at its end.
pub(super) struct Way {
    pub(super) kind: &'static str,
    pub(super) place: &'static str,
    pub(super) route: &'static str,
    pub(super) probes: Vec<Probe>,
    /// One field of the root that asks for all of them.
    pub(super) asked: String,
}

/// One field at the end of a way.
pub(super) struct Probe {
    pub(super) field: String,
    /// The guarded fields that the way leads through, and the field itself.
    pub(super) along: Vec<(String, String)>,
    /// Its name in the answer.
    pub(super) key: String,
    /// One field of the root that asks for it alone.
    pub(super) asked: String,
}

impl Way {
    /// Whether it is asked by a mutation.
    pub(super) fn is_mutation(&self) -> bool {
        self.route.starts_with("mutation ")
    }

    /// Whether the answer is the value itself: the way of the root's own fields.
    pub(super) fn is_root(&self) -> bool {
        self.kind == "Query"
    }

    /// All that can be asked in this way, of each id of the place.
    fn all(sdl: &Sdl, place: &Place, kind: &'static str, route: &'static str) -> Vec<Self> {
        let (head, root) = match route.strip_prefix("mutation ") {
            Some(root) => ("mutation", root),
            None => ("query", route),
        };
        let fields: Vec<_> = sdl.fields(kind).enumerate().collect();
        let selected = |field: &str| {
            let call = CALLS.iter().find(|(on, name, _)| (*on, *name) == (kind, field));
            format!("{}{}", call.map_or(field, |(_, _, call)| call), sdl.selection(kind, field))
        };
        let together: Vec<_> = fields.iter().map(|(number, field)| format!("p{number}: {}", selected(field))).collect();
        let filled = |selection: &str| place.filled(&root.replacen('*', &format!("{selection}{}", its(sdl, kind)), 1));
        let alone: Vec<_> = together.iter().map(|one| filled(one)).collect();
        let ways = filled(&together.join(" ")).into_iter().enumerate().map(|(nth, asked)| {
            let probes = fields.iter().map(|(number, field)| Probe {
                field: (*field).to_owned(),
                along: sdl.along(&format!("{head} {{ {} }}", place.nameless(&root.replacen('*', &selected(field), 1)))),
                key: format!("p{number}"),
                asked: alone[*number][nth].clone(),
            });
            Self { kind, place: place.name, route, probes: probes.collect(), asked }
        });
        ways.collect()
    }

    /// The fields of the root: each is a way of its own.
    fn of_root(sdl: &Sdl, place: &Place) -> Vec<Self> {
        let mut ways = Vec::new();
        for field in sdl.fields("Query") {
            let call = CALLS.iter().find(|(on, name, _)| (*on, *name) == ("Query", field)).map(|(_, _, call)| *call);
            // What is asked for without an id is asked for where everybody is.
            if !call.unwrap_or_default().contains('@') && place.name != "own" {
                continue;
            }
            let selected = format!("{}{}", call.unwrap_or(field), sdl.selection("Query", field));
            for asked in place.filled(&selected) {
                let along = sdl.along(&format!("{{ {asked} }}"));
                let probe = Probe { field: field.to_owned(), along, key: String::new(), asked: asked.clone() };
                ways.push(Self { kind: "Query", place: place.name, route: "*", probes: vec![probe], asked });
            }
        }
        ways
    }
}

/// Every way to what is in a place.
pub(super) fn ways(sdl: &Sdl, place: &Place) -> Vec<Way> {
    let mut ways = Way::of_root(sdl, place);
    for &(kind, _, route) in ROUTES.iter().filter(|(_, places, _)| places.contains(&place.name)) {
        ways.extend(Way::all(sdl, place, kind, route));
    }
    ways
}

/// What says which object it is.
fn its(sdl: &Sdl, kind: &str) -> &'static str {
    match kind {
        "Viewer" => " its: user { id }",
        _ if sdl.has(kind, "id") => " its: id",
        _ => "",
    }
}

/// What an answer has under a name: the values of those objects that are the ones asked for.
pub(super) fn found<'a>(answer: &'a Value, key: &str, ids: &[String], all: &mut Vec<&'a Value>) {
    match answer {
        Value::Object(object) => {
            if let Some(value) = object.get(key) {
                let its = object.get("its").map(|its| its.get("id").unwrap_or(its));
                if its.is_none_or(|its| ids.is_empty() || ids.iter().any(|id| its == id.as_str())) {
                    all.push(value);
                }
            }
            let is_asked = |name: &str| name.strip_prefix('p').is_some_and(|rest| rest.parse::<usize>().is_ok());
            let inner = object.iter().filter(|(name, _)| !is_asked(name));
            inner.for_each(|(_, value)| found(value, key, ids, all));
        }
        Value::Array(items) => items.iter().for_each(|item| found(item, key, ids, all)),
        _ => {}
    }
}

/// Whether there is something in a value.
pub(super) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(is_something),
        Value::Object(object) => object.get("nodes").is_none_or(is_something),
        _ => true,
    }
}
