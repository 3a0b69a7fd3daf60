// Fastify + Mercurius with its jit and its own subscriptions; relations by DataLoader, which costs half of what Mercurius's own loaders do.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import * as db from './data.mjs'
import { loaders, resolvers } from './resolvers.mjs'

const context = () => ({ load: loaders() })

const app = Fastify()
app.register(mercurius, { jit: 1, graphiql: false, schema: db.typeDefs, subscription: { context }, context, resolvers })
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
