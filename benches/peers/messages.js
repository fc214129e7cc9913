// A messenger with graphql-ws and node-postgres: the same statements, the same protocol and documents as ours.
import { createServer } from "node:http";
import { createHash, randomBytes } from "node:crypto";
import { buildSchema, parse, validate } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import pg from "pg";
import { WebSocketServer } from "ws";

pg.types.setTypeParser(1184, (text) => text.replace(" ", "T") + ":00");
pg.types.setTypeParser(20, Number);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: "-c TimeZone=UTC" });

const VIEWER = "SELECT account_id FROM session WHERE token_hash = $1";
const SEND = `SELECT outcome, (written).id, (written).number, (written).created_at, (written).body,
  (written).client_id, (written).author_id, told FROM send_message($1, $2, $3, $4, $5, now(), $6, '', NULL)`;
const END = "SELECT position, epoch FROM inbox WHERE id = $1";
const NEWS = `SELECT e.position, m.id, m.number, m.created_at, m.body, m.client_id, m.author_id
  FROM inbox_event e JOIN message m ON m.id = e.subject_id
  JOIN participant p ON p.conversation_id = m.conversation_id AND p.profile_id = e.account_id
  WHERE e.account_id = $1 AND e.position > $2 AND e.kind = 'MESSAGE_CREATED' ORDER BY e.position LIMIT 128`;

const schema = buildSchema(`
  type Profile { id: ID! }
  type Message { id: ID! number: Int! body: String! createdAt: String! clientId: ID author: Profile! }
  interface InboxEvent { cursor: String! }
  type MessageCreated implements InboxEvent { cursor: String! message: Message! }
  type ResyncRequired { cursor: String! }
  union InboxItem = MessageCreated | ResyncRequired
  input SendMessageInput { conversationId: ID! body: String! clientId: ID! }
  type SendMessagePayload { sent: Message! }
  type Refusal { code: String! message: String! field: String }
  union SendMessageResult = SendMessagePayload | Refusal
  type Query { nothing: Int }
  type Mutation { sendMessage(input: SendMessageInput!): SendMessageResult! }
  type Subscription { inbox(after: String): InboxItem! }
`);

function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function message(row, viewer) {
  return {
    id: `Message:${row.id}`,
    number: row.number,
    body: row.body,
    createdAt: row.created_at,
    clientId: row.author_id === viewer ? row.client_id : null,
    author: { id: `Profile:${row.author_id}` },
  };
}

// Who waits for an account's bell.
const waiting = new Map();

function ring(account) {
  for (const wake of waiting.get(account) ?? []) wake();
}

async function* inbox(viewer) {
  let rung = false;
  let wake = () => {};
  const ringer = () => {
    rung = true;
    wake();
  };
  if (!waiting.has(viewer)) waiting.set(viewer, new Set());
  waiting.get(viewer).add(ringer);
  try {
    const end = (await pool.query({ name: "end", text: END, values: [viewer] })).rows[0];
    let position = end.position;
    while (true) {
      rung = false;
      const { rows } = await pool.query({ name: "news", text: NEWS, values: [viewer, position] });
      for (const row of rows) {
        position = row.position;
        const cursor = Buffer.from(`${end.epoch}.${position}`).toString("base64url");
        yield { inbox: { __typename: "MessageCreated", cursor, message: message(row, viewer) } };
      }
      if (rows.length === 0 && !rung) await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    waiting.get(viewer).delete(ringer);
  }
}

const roots = {
  async sendMessage({ input }, { viewer }) {
    const conversation = input.conversationId.split(":")[1];
    const hash = createHash("sha256").update(`${conversation} ${input.body}`).digest("hex");
    const values = [conversation, viewer, input.clientId, hash, uuid7(), input.body];
    const row = (await pool.query({ name: "send", text: SEND, values })).rows[0];
    if (row.outcome !== "DONE" && row.outcome !== "MADE_BEFORE") {
      return { __typename: "Refusal", code: row.outcome, message: row.outcome, field: null };
    }
    for (const account of row.told ?? []) ring(account);
    return { __typename: "SendMessagePayload", sent: message(row, viewer) };
  },
  inbox: (_, { viewer }) => inbox(viewer),
};

// Parsed and validated once for each document.
const documents = new Map();
const http = createServer((_, response) => response.writeHead(404).end());
useServer(
  {
    onConnect: async ({ connectionParams, extra }) => {
      const token = connectionParams.authorization.replace("Bearer ", "");
      const { rows } = await pool.query(VIEWER, [createHash("sha256").update(token).digest("hex")]);
      extra.viewer = rows[0]?.account_id;
      return rows.length === 1;
    },
    onSubscribe: ({ extra }, _, { query, variables, operationName }) => {
      let document = documents.get(query);
      if (!document) {
        document = parse(query);
        const errors = validate(schema, document);
        if (errors.length) return errors;
        documents.set(query, document);
      }
      const contextValue = { viewer: extra.viewer };
      return { schema, document, variableValues: variables, operationName, rootValue: roots, contextValue };
    },
  },
  new WebSocketServer({ server: http, path: "/graphql" }),
);
http.listen(Number(process.env.PORT), "127.0.0.1");
