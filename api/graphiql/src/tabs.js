// What a first visit finds: a walk through the API, one operation a tab, each of which works as it stands on a fresh server, one after the
// other. The names are the operations' own. "<cursor of the last frame>" is filled in (`placeholder.jsx`).

const tab = (query, variables) => ({
  query: query.trimStart(),
  variables: variables ? JSON.stringify(variables, null, 2) : '',
});

/** The lobby is there from the first start, and its id is the same everywhere. */
const threadId = 'thr_0000000000e008000000000002';
/** Names are unique, and this walk may be taken again. */
const suffix = crypto.getRandomValues(new Uint16Array(1))[0].toString(36);
const password = 'correct horse battery';

/** What a stream of a thread shows, here and after it was cut off. */
const threadFrames = `
    __typename
    cursor
    ... on MessagePosted {
      message {
        ...Content
      }
    }
    ... on MessageEdited {
      message {
        ...Content
      }
    }
    ... on MessageDeleted {
      message {
        id
        deletedAt
      }
    }
    ... on ReactionsChanged {
      message {
        id
        reactions {
          emoji
          count
        }
      }
    }
    ... on ParticipantChanged {
      change
      user {
        username
      }
    }
    ... on ThreadChanged {
      thread {
        title
        archivedAt
      }
    }
    ... on StreamReset {
      reason
    }
  }
}

fragment Content on Message {
  id
  version
  content
  sender {
    username
  }
}
`;

export const defaultTabs = [
  tab(
    `
# 1. Come as a guest: press play.
#
# The access token of the answer is kept by this
# page, and goes with every operation from now on,
# over HTTP and over the WebSocket alike. It is
# refreshed before it runs out. The line below the
# answer says who is signed in.
#
# What you did wrong is told in \`errors\`: press play
# twice, and the name is taken.
mutation ComeAsGuest($username: String!) {
  sessionCreateGuest(input: { username: $username }) {
    accessToken
    accessTokenExpiresAt
    refreshToken
    user {
      id
      username
      kind
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { username: `wren-${suffix}` },
  ),
  tab(
    `
# 2. Who am I? Null, if nobody is signed in.
query WhoAmI {
  viewer {
    user {
      id
      username
      kind
    }
    session {
      createdAt
      expiresAt
      ipAddress
    }
    unreadThreadCount
  }
}
`,
  ),
  tab(
    `
# 3. The lobby: a room that is there from the first
# start. Anyone reads it, signed in or not.
#
# \`eventCursor\` is where its log stood when this was
# read: a stream that begins \`after\` it misses
# nothing.
query Lobby {
  lobby {
    id
    title
    participantCount
    eventCursor
    viewerState {
      role
      unreadCount
      canSend
    }
    messages(last: 10) {
      nodes {
        content
        sender {
          username
        }
      }
    }
  }
}
`,
  ),
  tab(
    `
# 4. Members write, and anyone may become one of a
# room's.
mutation Join($threadId: ID!) {
  threadJoin(input: { id: $threadId }) {
    thread {
      viewerState {
        role
        canSend
      }
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { threadId },
  ),
  tab(
    `
# 5. Send a message.
#
# With a clientKey of your own, a send that is
# repeated gives the first message again, not a
# second one: put one in, and press play twice.
mutation Send($threadId: ID!, $content: String!, $clientKey: String) {
  messageSend(
    input: { threadId: $threadId, content: $content, clientKey: $clientKey }
  ) {
    cursor
    message {
      id
      content
      status
      createdAt
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { threadId, content: 'A linnet on the hedge!', clientKey: null },
  ),
  tab(
    `
# 6. A page of messages: the newest, if no argument
# says otherwise. Lists are Relay connections; for the
# page before this one, put its startCursor into
# \`before\`.
#
# \`extensions.cost\` says what the page may load at
# the most, known before it ran.
query Messages($threadId: ID!, $last: Int, $before: Cursor) {
  thread(id: $threadId) {
    messages(last: $last, before: $before) {
      nodes {
        id
        content
        createdAt
        sender {
          username
        }
      }
      pageInfo {
        hasPreviousPage
        startCursor
      }
    }
  }
}
`,
    { threadId, last: 5, before: null },
  ),
  tab(
    `
# 7. Every change of the room, as it happens: press
# play, then send messages from another window of
# this page, which is signed in as you are.
#
# CaughtUp says that nothing was missed, or that all
# of it has come. On a quiet stream heartbeats tell
# that it is alive. Each frame has its cursor: the
# last one is where to go on from.
subscription Follow($threadId: ID!, $after: Cursor) {
  threadEvents(threadId: $threadId, after: $after) {${threadFrames}`,
    { threadId, after: null },
  ),
  tab(
    `
# 8. Resume: leave tab 7, which ends its stream, send
# a message or two in tab 5, and come here. The
# cursor of the last frame that you saw is in the
# variables already.
#
# What you missed comes first, in order, once each;
# then CaughtUp; then what happens from now on.
subscription Resume($threadId: ID!, $after: Cursor) {
  threadEvents(threadId: $threadId, after: $after) {${threadFrames}`,
    { threadId, after: '<cursor of the last frame>' },
  ),
  tab(
    `
# 9. Guests talk in rooms. Who has an account may
# open rooms, groups and direct threads, and chirp.
mutation SignUp($input: AccountCreateInput!) {
  accountCreate(input: $input) {
    accessToken
    accessTokenExpiresAt
    refreshToken
    user {
      id
      username
      kind
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    {
      input: {
        username: `ada-${suffix}`,
        email: `ada-${suffix}@example.com`,
        password,
        displayName: 'Ada',
      },
    },
  ),
  tab(
    `
# 10. Sign in, from now on. The login is the username
# or the email address.
mutation SignIn($login: String!, $password: String!) {
  sessionCreate(input: { login: $login, password: $password }) {
    accessToken
    accessTokenExpiresAt
    refreshToken
    user {
      id
      username
      kind
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { login: `ada-${suffix}`, password },
  ),
  tab(
    `
# 11. Open a room of your own. Put its id into the
# variables of the tabs above to talk there.
mutation OpenRoom($title: String!) {
  threadCreate(input: { room: { title: $title } }) {
    thread {
      id
      title
      createdBy {
        username
      }
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { title: 'Birds of the garden' },
  ),
  tab(
    `
# 12. All rooms with their newest messages, in one
# request, of a cost that is known and bounded.
query Rooms {
  rooms(first: 10) {
    nodes {
      id
      title
      participantCount
      messages(last: 3) {
        nodes {
          content
          sender {
            username
          }
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  ),
  tab(
    `
# 13. Beside threads there is one public feed. Say
# something to everybody, in up to 255 characters.
mutation SayChirp($message: String!) {
  chirpCreate(input: { message: $message }) {
    cursor
    chirp {
      id
      message
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { message: 'The swallows are back.' },
  ),
  tab(
    `
# 14. What was said to everybody, the newest first.
query Chirps {
  chirps(first: 10) {
    eventCursor
    nodes {
      id
      message
      createdAt
      author {
        username
      }
    }
  }
}
`,
  ),
  tab(
    `
# 15. The feed as it happens. It resumes \`after\` a
# cursor, as threads do.
subscription FollowChirps($after: Cursor) {
  chirpEvents(after: $after) {
    __typename
    cursor
    ... on ChirpPosted {
      chirp {
        id
        message
        author {
          username
        }
      }
    }
    ... on ChirpUpdated {
      chirp {
        id
        message
      }
    }
    ... on ChirpDeleted {
      chirpId
    }
    ... on StreamReset {
      reason
    }
  }
}
`,
    { after: null },
  ),
];
