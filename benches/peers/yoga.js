// GraphQL Yoga with DataLoader.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { loaders, resolvers } from "./resolvers.js";
import { typeDefs } from "./schema.js";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: loaders,
  graphiql: false,
  landingPage: false,
  logging: false,
});
createServer(yoga).listen(Number(process.env.PORT), "127.0.0.1");
