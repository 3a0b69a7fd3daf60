// Resolvers as DataLoader's documentation has them.
import DataLoader from 'dataloader'
import * as db from './data.mjs'

export const loaders = () => ({
  user: new DataLoader(async ids => db.one(ids, await db.usersById(ids), 'id')),
  message: new DataLoader(async ids => db.one(ids, await db.messagesById(ids), 'id')),
  reactions: new DataLoader(async ids => db.many(ids, await db.reactionsByMessage(ids), 'message_id')),
  attachments: new DataLoader(async ids => db.many(ids, await db.attachmentsByMessage(ids), 'message_id')),
  lastMessage: new DataLoader(async ids => db.one(ids, await db.lastMessages(ids), 'thread_id')),
  participants: new DataLoader(
    async keys => db.many(keys.map(key => key.id), await db.participants(keys.map(key => key.id), keys[0].first), 'thread_id'),
    { cacheKeyFn: key => `${key.id}:${key.first}` })
})

export const resolvers = {
  Query: {
    threadPage: async (_, { id, last }) => ({ messages: (await db.page(id, last)).reverse() }),
    inbox: async (_, { userId, first }) => ({ threads: await db.inbox(userId, first) })
  },
  Mutation: {
    sendMessage: async (_, { threadId, userId, content }, { pubsub }) => {
      const message = await db.send(threadId, userId, content)
      pubsub.publish({ topic: `message:${threadId}`, payload: { messageAdded: message } })
      return { message }
    }
  },
  Subscription: {
    messageAdded: { subscribe: (_, { threadId }, { pubsub }) => pubsub.subscribe(`message:${threadId}`) }
  },
  User: { avatarUrl: user => user.avatar_url },
  Message: {
    createdAt: message => message.created_at.toISOString(),
    sender: (message, _, { load }) => message.sender ?? load.user.load(message.user_id),
    reactions: (message, _, { load }) => load.reactions.load(message.id),
    attachments: (message, _, { load }) => load.attachments.load(message.id),
    parent: (message, _, { load }) => message.parent_id ? load.message.load(message.parent_id) : null
  },
  Thread: {
    unreadCount: thread => thread.unread,
    lastMessage: (thread, _, { load }) => load.lastMessage.load(thread.id),
    participants: (thread, { first }, { load }) => load.participants.load({ id: thread.id, first })
  },
  Participant: { user: (participant, _, { load }) => load.user.load(participant.user_id) }
}
