// Apollo Server with DataLoader.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { loaders, resolvers } from "./resolvers.js";
import { typeDefs } from "./schema.js";

const server = new ApolloServer({ typeDefs, resolvers });
await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT), host: "127.0.0.1", path: "/graphql" },
  context: async () => loaders(),
});
