// Two people chat, each with an inbox in the npm client graphql-ws, whose own retry is on. Their sockets break in
// mid-stream several times, and the server is killed once: "kill" on our output asks for that, "up" on our input says
// that it is back. At the end both have heard every message once and in order; signing out closes with 4401.
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { Person } from "./people.js";

const MESSAGES_EACH = 80;
const BREAKS = 6;
const EVENTS_BETWEEN_BREAKS = 15;
const EVENTS_BEFORE_KILL = 50;

const INBOX = `subscription($after: String) { inbox(after: $after) { __typename
  ... on InboxEvent { cursor }
  ... on MessageCreated { message { number body } } } }`;

class Inbox {
  events = [];
  connections = 0;
  breaks = 0;

  constructor(person) {
    this.person = person;
    this.client = createClient({
      url: person.url.replace("http", "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${person.token}` },
      retryAttempts: 100,
      // By default a server that refuses connections, as one does that starts again, ends the subscription.
      shouldRetry: () => true,
      retryWait: () => sleep(50 + Math.random() * 100),
      on: {
        connected: (socket) => {
          this.connections += 1;
          this.socket = socket;
        },
      },
    });
    // The client sends this object again at each retry: the cursor in it makes that a continuation.
    this.request = { query: INBOX, variables: { after: person.cursor } };
    this.ended = new Promise((resolve) => {
      this.client.subscribe(this.request, {
        next: (answer) => this.hear(answer),
        error: resolve,
        complete: () => resolve("complete"),
      });
    });
  }

  hear({ data, errors }) {
    assert.ok(!errors, JSON.stringify(errors));
    this.events.push(data.inbox);
    this.request.variables.after = data.inbox.cursor;
    if (this.breaks < BREAKS && this.events.length % EVENTS_BETWEEN_BREAKS === 0) {
      this.breaks += 1;
      this.socket.terminate();
    }
  }

  get messages() {
    return this.events.filter((event) => event.__typename === "MessageCreated").map((event) => event.message);
  }

  async heard(count, what = () => this.events) {
    const ended = this.ended.then((reason) => assert.fail(`the subscription ended: ${reason.code ?? reason} ${reason.reason}`));
    while (what().length < count) await Promise.race([sleep(20), ended]);
  }
}

async function write(person, conversationId, acknowledged) {
  for (let number = 1; number <= MESSAGES_EACH; number += 1) {
    const body = `${person.name}-${number}`;
    acknowledged.set(await person.send(conversationId, body), body);
  }
}

function check(inbox, acknowledged) {
  const everything = [...acknowledged.keys()].sort((a, b) => a - b).map((number) => ({ number, body: acknowledged.get(number) }));
  assert.equal(everything.length, 2 * MESSAGES_EACH);
  assert.deepEqual(inbox.messages, everything);
  assert.equal(new Set(inbox.events.map((event) => event.cursor)).size, inbox.events.length, "an event came twice");
  assert.equal(inbox.breaks, BREAKS);
  assert.ok(inbox.connections > BREAKS, `${inbox.connections} connections`);
}

const [url] = process.argv.slice(2);
const [mara, theo] = [await Person.signUp(url, "Mara"), await Person.signUp(url, "Theo")];
const inboxes = [new Inbox(mara), new Inbox(theo)];
await mara.mentor();
const conversationId = await mara.accept(await theo.ask(mara));

const acknowledged = new Map();
const writing = Promise.all([mara, theo].map((person) => write(person, conversationId, acknowledged)));
await inboxes[1].heard(EVENTS_BEFORE_KILL);
console.log("kill");
await once(process.stdin, "data");
await writing;
for (const inbox of inboxes) await inbox.heard(2 * MESSAGES_EACH, () => inbox.messages);
// What came twice would come now.
await sleep(300);
for (const inbox of inboxes) check(inbox, acknowledged);

for (const inbox of inboxes) {
  await inbox.person.signOut();
  const event = await inbox.ended;
  assert.equal(event.code, 4401, `the socket ended with ${event.code ?? event}: ${event.reason}`);
}
const connections = inboxes.map((inbox) => inbox.connections).join(" and ");
console.log(`${acknowledged.size} messages, each heard once and in order, over ${connections} connections; closed with 4401`);
process.exit(0);
