// graphql-ws and ws: an inbox of one event, which everybody has. PostgreSQL says with NOTIFY what was stored, and the
// whole message with it; so nothing is read, and nobody is asked who may see it.
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import pg from "pg";

const schema = buildSchema(`
  type Profile { id: ID! name: String! }
  type Message { id: ID! number: Int! body: String! createdAt: String! clientId: ID author: Profile! }
  interface InboxEvent { cursor: String! }
  type MessageCreated implements InboxEvent { cursor: String! message: Message! }
  type ResyncRequired implements InboxEvent { cursor: String! }
  union InboxItem = MessageCreated | ResyncRequired
  type Query { nothing: Int }
  type Subscription { inbox(after: String): InboxItem! }
`);

const waiting = new Set();

// What is published and not yet taken waits in a queue of the subscription's own.
async function* events() {
  const queue = [];
  let wake;
  const take = (event) => {
    queue.push(event);
    wake?.();
  };
  waiting.add(take);
  try {
    for (;;) {
      while (queue.length > 0) yield { inbox: queue.shift() };
      await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    waiting.delete(take);
  }
}

schema.getSubscriptionType().getFields().inbox.subscribe = events;

const server = createServer((_, response) => response.end());
const sockets = new WebSocketServer({ server, path: "/graphql", perMessageDeflate: false });
useServer({ schema }, sockets);

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
client.on("notification", ({ payload }) => {
  const event = JSON.parse(payload);
  for (const take of waiting) take(event);
});
await client.query("LISTEN peer");
server.listen(Number(process.env.PORT), "127.0.0.1");
