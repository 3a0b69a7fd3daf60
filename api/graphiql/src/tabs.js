// What a first visit finds: a walk through the API, one operation a tab. The names are the operations' own.

const tab = (query, variables) => ({
  query: query.trimStart(),
  variables: variables ? JSON.stringify(variables, null, 2) : '',
});

export const defaultTabs = [
  tab(
    `
# 1. Sign up.
#
# Press play. The access token of the answer is
# put into the Headers pane for you: from there
# it goes with every operation, over HTTP and
# over the WebSocket alike.
#
# What you did wrong is told in \`errors\`: sign up
# with the same name once more to see it.
mutation SignUp($input: AccountCreateInput!) {
  accountCreate(input: $input) {
    accessToken
    accessTokenExpiresAt
    user {
      id
      username
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
        username: 'ada',
        email: 'ada@example.com',
        password: 'correct horse battery',
        displayName: 'Ada',
      },
    },
  ),
  tab(
    `
# Sign in again when the access token has expired.
# The login is the username or the email address.
mutation SignIn($login: String!, $password: String!) {
  sessionCreate(input: { login: $login, password: $password }) {
    accessToken
    accessTokenExpiresAt
    user {
      id
      username
    }
    errors {
      code
      message
      path
    }
  }
}
`,
    { login: 'ada', password: 'correct horse battery' },
  ),
  tab(
    `
# 2. Open a room. Anyone may read it; members write.
#
# The next tabs ask for the id that this answers.
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
# 3. Send a message to the room: put the room's id
# into the variables below.
#
# With a clientKey of your own, a send that is
# repeated gives the first message again, not a
# second one.
mutation SendMessage($threadId: ID!, $content: String!, $clientKey: String) {
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
    { threadId: '', content: 'A linnet on the hedge!', clientKey: null },
  ),
  tab(
    `
# 4. A page of rooms with their newest messages.
#
# Lists are Relay connections. The messages before
# these: messages(last: 10, before: <startCursor>).
query Rooms {
  viewer {
    user {
      username
    }
    unreadThreadCount
  }
  rooms(first: 10) {
    nodes {
      id
      title
      participantCount
      messages(last: 10) {
        nodes {
          id
          content
          createdAt
          sender {
            username
            profile {
              displayName
            }
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
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
# 5. The new messages of one room, as they are sent:
# put the room's id into the variables, press play,
# and send a message from another window.
#
# Pass the cursor of the last message you have as
# \`after\`, and all that you have missed since comes
# first: in order, once each.
subscription NewMessages($threadId: ID!, $after: Cursor) {
  messageAdded(threadId: $threadId, after: $after) {
    cursor
    node {
      id
      content
      createdAt
      sender {
        username
      }
    }
  }
}
`,
    { threadId: '', after: null },
  ),
  tab(
    `
# 6. Every change of one room: messages posted,
# edited and deleted, reactions, who came and went.
# It resumes by \`after\` in the same way. Heartbeats
# tell that it is alive, and how far it has come.
subscription RoomEvents($threadId: ID!, $after: Cursor) {
  threadEvents(threadId: $threadId, after: $after) {
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
`,
    { threadId: '', after: null },
  ),
];
