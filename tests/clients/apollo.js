// Two people chat in Apollo Client, and nobody tells its cache anything but the inbox: each event carries what has
// changed under its global id, so what is shown changes without being fetched again. That holds while connected, for
// what happened while the socket was away, and over a server that was killed ("kill" on our output asks for that, "up"
// on our input says that it is back). Only a new message has to be put into the list of the conversation it is in.
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "./app.js";
import { Person } from "./people.js";

const MESSAGES_EACH = 20;
const EVERY = 6;
const BEE = "🐝";

// What Mara does, or Theo with another device, and what Theo's app shows then.
function changes(mara, theo, conversationId, round) {
  let sent;
  const message = (app) => app.messages.find(({ id }) => id === sent.id);
  return [
    {
      name: "MessageCreated",
      happens: async () => (sent = await mara.send(conversationId, `Hello ${round}`)),
      shows: (app) =>
        message(app)?.body === `Hello ${round}` &&
        app.conversation.lastMessage.id === sent.id &&
        app.conversation.unreadCount === 1,
    },
    {
      name: "MessageUpdated",
      happens: () => mara.edit(sent.id, `**Hello** ${round}`),
      shows: (app) =>
        message(app).html.includes("<strong>Hello</strong>") && app.conversation.lastMessage.body === message(app).body,
    },
    {
      name: "ReactionChanged",
      happens: () => theo.react(sent.id, BEE),
      shows: (app) => message(app).reactionCounts.some(({ emoji, count, mine }) => emoji === BEE && count === 1 && mine),
    },
    {
      name: "ReactionChanged",
      happens: () => theo.takeBack(sent.id, BEE),
      shows: (app) => message(app).reactionCounts.length === 0,
    },
    {
      name: "ReadMarkerMoved",
      happens: () => theo.read(conversationId, sent.number),
      shows: (app) => app.conversation.unreadCount === 0 && app.conversation.readNumber === sent.number,
    },
    {
      name: "ConversationChanged",
      happens: () => theo.mute(conversationId, true),
      shows: (app) => app.conversation.muted,
    },
    {
      name: "ConversationChanged",
      happens: () => theo.mute(conversationId, false),
      shows: (app) => !app.conversation.muted,
    },
    {
      name: "MessageUpdated",
      happens: () => mara.delete(sent.id),
      shows: (app) => message(app).deletedAt !== null && message(app).body === "",
    },
  ];
}

// Each of them says something through Apollo itself, which tries again with the same clientId until it is answered.
async function write(app) {
  for (let number = 1; number <= MESSAGES_EACH; number += 1) {
    await app.send(`${app.person.name}-${number}`);
    if (number % EVERY === 0) app.cut();
  }
}

const [url] = process.argv.slice(2);
const [mara, theo] = [await Person.signUp(url, "Mara"), await Person.signUp(url, "Theo")];
await mara.mentor();
const conversationId = await mara.accept(await theo.request(mara));
const [maras, theos] = [new App(mara, conversationId), new App(theo, conversationId)];
for (const app of [maras, theos]) await app.open();

async function whileConnected(happens) {
  await happens();
}

async function whileAway(happens) {
  await theos.leave();
  await happens();
  theos.follow();
}

let seen = 0;
for (const [round, way] of [whileConnected, whileAway].entries()) {
  for (const { name, happens, shows } of changes(mara, theo, conversationId, round + 1)) {
    await way(happens);
    await theos.showing(`${name} ${way.name}`, shows);
    assert.ok(theos.heard.has(name), `no ${name} came`);
    await theos.isCurrent();
    seen += 1;
  }
}
await maras.showing("that Theo has read it all", ({ conversation }) =>
  conversation.participants.edges.some(({ node }) => node.profile.id === theo.profileId && node.readNumber === 2),
);

const chat = Promise.all([maras, theos].map(write));
await theos.showing("the chat begin", ({ messages }) => messages.length >= MESSAGES_EACH);
console.log("kill");
await once(process.stdin, "data");
await chat;
for (const app of [maras, theos]) {
  await app.showing("every message", ({ messages }) => messages.length >= 2 + 2 * MESSAGES_EACH);
  // What came twice would come now.
  await sleep(300);
  assert.deepEqual(
    app.messages.map(({ number }) => number),
    Array.from({ length: 2 + 2 * MESSAGES_EACH }, (_, at) => at + 1),
  );
  await app.isCurrent();
  assert.deepEqual(app.fetched, { Conversations: 1, Chat: 1 }, "what is shown was fetched again");
  assert.ok(app.connections > app.cuts, `${app.connections} connections, ${app.cuts} cuts`);
}
const connections = [maras, theos].map((app) => app.connections).join(" and ");
console.log(`Apollo's cache followed ${seen} changes and ${2 * MESSAGES_EACH} messages without a refetch, over ${connections} connections`);
process.exit(0);
