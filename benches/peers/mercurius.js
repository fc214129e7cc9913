// Mercurius on Fastify, with its JIT and its loaders.
import Fastify from "fastify";
import mercurius from "mercurius";
import { resolvers } from "./resolvers.js";
import { typeDefs } from "./schema.js";
import * as source from "./source.js";

const ids = (queries) => queries.map(({ obj }) => obj.id);
// Each row is asked for once in these queries: to look for it in a cache first only costs time.
const uncached = (loader) => ({ loader, opts: { cache: false } });

const loaders = {
  Profile: { skillsOffered: uncached((queries) => source.skills(ids(queries))) },
  Conversation: {
    unreadCount: uncached(async (queries) => {
      const people = await source.participants(ids(queries));
      return queries.map(({ obj }, index) => obj.lastNumber - source.mine(people[index]).read);
    }),
    counterpart: uncached(async (queries) => {
      const people = await source.participants(ids(queries));
      return source.profiles(people.map(source.other));
    }),
    lastMessage: uncached((queries) => source.lastMessages(ids(queries))),
  },
  Message: { author: uncached((queries) => source.profiles(queries.map(({ obj }) => obj.authorId))) },
  Mentorship: {
    mentor: uncached((queries) => source.profiles(queries.map(({ obj }) => obj.mentorId))),
    mentee: uncached((queries) => source.profiles(queries.map(({ obj }) => obj.menteeId))),
  },
  Goal: { milestones: uncached((queries) => source.milestones(ids(queries))) },
};

const app = Fastify({ logger: false });
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query: resolvers.Query, Mentorship: { goals: resolvers.Mentorship.goals } },
  loaders,
  jit: 1,
});
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
