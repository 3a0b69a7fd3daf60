// A pool of 10, named (prepared) statements, one batched query per relation. A send is one statement: one round trip, so the
// row lock is held as briefly as PostgreSQL allows.
import { randomUUID } from 'node:crypto'
import pg from 'pg'

pg.types.setTypeParser(20, Number) // bigint: seq and size fit a double

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, min: 10 })

const rows = (name, text) => async (...values) => (await pool.query({ name, text, values })).rows

export const page = rows('page', `
  select id, user_id, seq, content, parent_id, created_at from messages
  where thread_id = $1 and deleted_at is null order by seq desc limit $2`)
export const usersById = rows('users', 'select id, username, name, avatar_url from users where id = any ($1::uuid[])')
export const messagesById = rows('messages', 'select id, user_id, content from messages where id = any ($1::uuid[])')
export const reactionsByMessage = rows('reactions', `
  select message_id, emoji, count(*)::int as count from message_reactions
  where message_id = any ($1::uuid[]) group by 1, 2`)
export const attachmentsByMessage = rows('attachments', `
  select message_id, url, type, name, size from message_attachments where message_id = any ($1::uuid[])`)
export const inbox = rows('inbox', `
  select t.id, t.name, t.last_seq - p.last_read_seq as unread
  from thread_participants p join threads t on t.id = p.thread_id
  where p.user_id = $1 order by t.last_message_at desc limit $2`)
export const lastMessages = rows('last_messages', `
  select m.* from unnest($1::uuid[]) as t (id) cross join lateral (
    select thread_id, user_id, content from messages
    where thread_id = t.id and deleted_at is null order by seq desc limit 1) m`)
export const participants = rows('participants', `
  select p.* from unnest($1::uuid[]) as t (id) cross join lateral (
    select thread_id, user_id from thread_participants where thread_id = t.id order by user_id limit $2) p`)

const sendRow = rows('send', `
  with t as (
    update threads set last_seq = last_seq + 1, last_message_at = now() where id = $2 returning id, last_seq
  ), m as (
    insert into messages (id, thread_id, user_id, seq, content)
    select $1, t.id, $3, t.last_seq, $4 from t returning id, thread_id, user_id, seq, content, created_at
  )
  select m.*, u.username, u.name, u.avatar_url from m join users u on u.id = m.user_id`)


// The new message with its sender in it, so that neither the mutation's reply nor a subscriber's
// event needs another query.
export async function send (threadId, userId, content) {
  const [row] = await sendRow(randomUUID(), threadId, userId, content)
  if (!row) throw new Error('no such thread')
  return {
    id: row.id,
    seq: row.seq,
    content: row.content,
    created_at: row.created_at,
    sender: { id: row.user_id, username: row.username, name: row.name, avatar_url: row.avatar_url }
  }
}

export const typeDefs = /* GraphQL */ `
  type User { id: ID! username: String! name: String! avatarUrl: String }
  type Reaction { emoji: String! count: Int! }
  type Attachment { url: String! type: String! name: String! size: Float! }
  type Message {
    id: ID! seq: Int! content: String! createdAt: String!
    sender: User! reactions: [Reaction!]! attachments: [Attachment!]! parent: Message
  }
  type Participant { user: User! }
  type Thread {
    id: ID! name: String unreadCount: Int! lastMessage: Message participants(first: Int!): [Participant!]!
  }
  type ThreadPage { messages: [Message!]! }
  type Inbox { threads: [Thread!]! }
  type SendMessagePayload { message: Message! }
  type Query { threadPage(id: ID!, last: Int!): ThreadPage! inbox(userId: ID!, first: Int!): Inbox! }
  type Mutation { sendMessage(threadId: ID!, userId: ID!, content: String!): SendMessagePayload! }
  type Subscription { messageAdded(threadId: ID!): Message! }
`

// group rows under each key, in the keys' order; one row per key, in the keys' order
export function many (keys, list, field) {
  const groups = new Map(keys.map(key => [key, []]))
  for (const row of list) groups.get(row[field]).push(row)
  return keys.map(key => groups.get(key))
}
export function one (keys, list, field) {
  const found = new Map(list.map(row => [row[field], row]))
  return keys.map(key => found.get(key) ?? null)
}
