// Two people chat, each with an inbox in the npm client graphql-ws. They write, edit and react over HTTP, where answers
// get lost and the same clientId is sent again. Their sockets break in mid-stream several times, and the server is
// killed once and told to stop once: "kill" and "stop" on our output ask for that, "up" on our input says that it is
// back. At the end both have heard every message once and in order, every edit and reaction once, and what they show is
// what the server says; signing out closes with 4401.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Inbox } from "./inbox.js";
import { Person } from "./people.js";

const MESSAGES_EACH = 80;
const BREAKS = 6;
const EVENTS_BETWEEN_BREAKS = 15;
const EVENTS_BEFORE_KILL = 50;
const EVENTS_BEFORE_STOP = 150;
const BEE = "🐝";

const done = { edits: 0, reactions: 0, retries: 0 };

async function write({ person }, conversationId) {
  for (let number = 1; number <= MESSAGES_EACH; number += 1) {
    const body = `${person.name}-${number}`;
    const isBrokenOff = number % 4 === 0;
    const sent = await person.send(conversationId, body, isBrokenOff ? AbortSignal.timeout(number % 12) : undefined);
    acknowledged.set(sent.number, sent.id);
    if (isBrokenOff) {
      assert.deepEqual(await person.send(conversationId, body), sent, "a retry has found another message");
      done.retries += 1;
    }
    if (number % 5 === 0) {
      await person.edit(sent.id, `${body}, as I meant`);
      done.edits += 1;
    }
  }
}

async function react(inbox) {
  const { person } = inbox;
  const others = () => inbox.of("MessageCreated").filter(({ message }) => !message.body.startsWith(person.name));
  for (let number = 6; number <= MESSAGES_EACH; number += 6) {
    await inbox.heard(() => others().length >= number);
    const { id } = others()[number - 1].message;
    await person.react(id, BEE);
    done.reactions += 1;
    if (number % 4 === 0) {
      await person.takeBack(id, BEE);
      done.reactions += 1;
    }
  }
}

async function restart(how) {
  console.log(how);
  await once(process.stdin, "data");
}

async function check(inbox, conversationId) {
  const created = inbox.of("MessageCreated").map(({ message }) => [message.number, message.id]);
  assert.deepEqual(created, [...acknowledged].sort(([a], [b]) => a - b));
  assert.deepEqual(created.map(([number]) => number), Array.from({ length: 2 * MESSAGES_EACH + 1 }, (_, at) => at + 1));
  assert.equal(inbox.of("MessageUpdated").length, done.edits);
  assert.equal(inbox.of("ReactionChanged").length, done.reactions);
  assert.deepEqual(inbox.shown, await inbox.person.messages(conversationId));
  assert.equal(new Set(inbox.events.map((event) => event.cursor)).size, inbox.events.length, "an event came twice");
  assert.equal(inbox.breaks, BREAKS);
  assert.ok(inbox.connections > BREAKS, `${inbox.connections} connections`);
}

const [url] = process.argv.slice(2);
const [mara, theo] = [await Person.signUp(url, "Mara"), await Person.signUp(url, "Theo")];
const inboxes = [mara, theo].map((person) => new Inbox(person, BREAKS, EVENTS_BETWEEN_BREAKS));
await mara.mentor();
const conversationId = await mara.accept(await theo.request(mara));

const acknowledged = new Map();
const chat = Promise.all(inboxes.flatMap((inbox) => [write(inbox, conversationId), react(inbox)]));
await inboxes[1].heard(() => inboxes[1].events.length >= EVENTS_BEFORE_KILL);
await restart("kill");
await inboxes[0].heard(() => inboxes[0].events.length >= EVENTS_BEFORE_STOP);
await restart("stop");
await chat;
// Once this is heard, so is everything before it.
const last = await mara.send(conversationId, "Goodbye");
acknowledged.set(last.number, last.id);
for (const inbox of inboxes) await inbox.heard(() => inbox.shown.some(({ id }) => id === last.id));
// What came twice came before it.
for (const inbox of inboxes) await check(inbox, conversationId);

for (const inbox of inboxes) {
  await inbox.person.signOut();
  const event = await inbox.ended;
  assert.equal(event.code, 4401, `the socket ended with ${event.code ?? event}: ${event.reason}`);
}
const connections = inboxes.map((inbox) => inbox.connections).join(" and ");
console.log(
  `${acknowledged.size} messages, ${done.retries} sent again, ${done.edits} edits, ${done.reactions} reactions: ` +
    `each heard once and in order, over ${connections} connections; closed with 4401`,
);
process.exit(0);
