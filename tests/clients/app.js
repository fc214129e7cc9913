// What an app is that shows a person's conversations and one of them, in Apollo Client and its normalised cache.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

// Apollo's link for graphql-ws takes the browser's for granted; Node 20 has none.
globalThis.WebSocket ??= WebSocket;

const MESSAGE = gql`fragment Shown on Message {
  id number body html editedAt deletedAt author { id name } reactionCounts { emoji count mine } }`;

const CONVERSATION = gql`${MESSAGE} fragment Kept on Conversation {
  id title muted unreadCount readNumber lastNumber lastMessage { ...Shown }
  participants(first: 10) { edges { node { id readNumber profile { id } } } } }`;

const CONVERSATIONS = gql`${CONVERSATION} query Conversations {
  conversations(first: 10) { edges { node { ...Kept } } } }`;

const CHAT = gql`${MESSAGE} query Chat($id: ID!) {
  messages(conversationId: $id, first: 50) { edges { node { ...Shown } } } }`;

const SEND = gql`${MESSAGE} mutation Send($input: SendMessageInput!) { sendMessage(input: $input) {
  ... on SendMessagePayload { sent { ...Shown } } ... on Refusal { code message } } }`;

const INBOX = gql`${CONVERSATION} subscription Inbox($after: String) { inbox(after: $after) {
  ... on InboxEvent { cursor }
  ... on MessageCreated { message { ...Shown conversation { ...Kept } } }
  ... on MessageUpdated { message { ...Shown } }
  ... on ReactionChanged { message { ...Shown } }
  ... on ReadMarkerMoved { conversation { ...Kept } }
  ... on ConversationChanged { conversation { ...Kept } } } }`;

const TYPES = `{ __schema { types { name possibleTypes { name } } } }`;

// As Apollo's documentation asks: it has to know which types an interface has, to put fragments on it into the cache.
async function possibleTypes(person) {
  const { types } = await person.ask(TYPES);
  const abstract = types.filter((type) => type.possibleTypes);
  return Object.fromEntries(abstract.map(({ name, possibleTypes }) => [name, possibleTypes.map((type) => type.name)]));
}

// Apollo warns where its cache cannot follow, as where an object has no id.
for (const level of ["warn", "error"]) console[level] = (...words) => assert.fail(words.join(" "));

export class App {
  heard = new Set();
  fetched = {};
  connections = 0;
  cuts = 0;
  sent = 0;

  constructor(person, conversationId) {
    Object.assign(this, { person, conversationId, cursor: person.cursor });
  }

  async open() {
    const cache = new InMemoryCache({ possibleTypes: await possibleTypes(this.person) });
    this.client = new ApolloClient({ cache, link: this.link() });
    await new Promise((resolve) => this.watch(CONVERSATIONS, {}, ({ conversations }) => resolve((this.list = conversations))));
    await new Promise((resolve) => this.watch(CHAT, { id: this.conversationId }, ({ messages }) => resolve((this.chat = messages))));
    this.follow();
  }

  link() {
    const authorization = `Bearer ${this.person.token}`;
    const count = new ApolloLink((operation, forward) => {
      const { operationName } = operation;
      if (operationName !== "Send" && !operation.getContext().anew) {
        this.fetched[operationName] = (this.fetched[operationName] ?? 0) + 1;
      }
      return forward(operation);
    });
    const retry = new RetryLink({ delay: { initial: 50, max: 200 }, attempts: { max: Infinity } });
    const http = ApolloLink.from([count, retry, new HttpLink({ uri: this.person.url, headers: { authorization } })]);
    // Without a retry of its own it tells us that the socket is gone, and we subscribe from the last cursor.
    this.socketClient = createClient({
      url: this.person.url.replace("http", "ws"),
      connectionParams: { authorization },
      retryAttempts: 0,
      on: {
        connected: (socket) => {
          this.connections += 1;
          this.socket = socket;
        },
      },
    });
    return ApolloLink.split(({ operationType }) => operationType === "subscription", new GraphQLWsLink(this.socketClient), http);
  }

  watch(query, variables, show) {
    this.client.watchQuery({ query, variables }).subscribe(({ data, dataState, error }) => {
      assert.ifError(error);
      if (dataState === "complete") show(data);
    });
  }

  // Subscribe from the last cursor, and again when the socket is gone.
  follow() {
    this.isAway = false;
    this.client.subscribe({ query: INBOX, variables: { after: this.cursor } }).subscribe({
      next: ({ data, error }) => {
        if (data) this.hear(data.inbox);
        else assert.match(error.message, /^Socket closed/);
      },
      complete: () => {
        this.isGone?.();
        if (!this.isAway) setTimeout(() => this.follow(), 50);
      },
    });
  }

  hear(event) {
    this.cursor = event.cursor;
    this.heard.add(event.__typename);
    // All else is in the cache already.
    if (event.__typename === "MessageCreated") this.append(event.message);
  }

  append(node) {
    const edge = { __typename: "MessageEdge", node };
    this.client.cache.updateQuery({ query: CHAT, variables: { id: this.conversationId } }, ({ messages }) => ({
      messages: { ...messages, edges: [...messages.edges, edge] },
    }));
  }

  cut() {
    this.cuts += this.socket.readyState === WebSocket.OPEN;
    this.socket.terminate();
  }

  // Cut the socket, and do not come back before `follow`.
  async leave() {
    this.isAway = true;
    this.cut();
    await new Promise((resolve) => (this.isGone = resolve));
  }

  async send(body) {
    const input = { conversationId: this.conversationId, body, clientId: `apollo-${(this.sent += 1)}` };
    const { data } = await this.client.mutate({ mutation: SEND, variables: { input } });
    assert.equal(data.sendMessage.__typename, "SendMessagePayload", JSON.stringify(data));
  }

  get messages() {
    return this.chat.edges.map(({ node }) => node);
  }

  get conversation() {
    return this.list.edges[0].node;
  }

  async showing(what, shows) {
    const deadline = Date.now() + 20_000;
    while (!shows(this)) {
      assert.ok(Date.now() < deadline, `${this.person.name} never saw ${what}: ${JSON.stringify([this.list, this.chat])}`);
      await sleep(10);
    }
  }

  // Is what the cache has made of the events what the server says when it is asked anew?
  async isCurrent() {
    const anew = { fetchPolicy: "no-cache", context: { anew: true } };
    const [list, chat] = await Promise.all([
      this.client.query({ query: CONVERSATIONS, ...anew }),
      this.client.query({ query: CHAT, variables: { id: this.conversationId }, ...anew }),
    ]);
    await this.showing(
      `what the server says: ${JSON.stringify([list.data, chat.data])}`,
      () => isDeepStrictEqual([this.list, this.chat], [list.data.conversations, chat.data.messages]),
    );
  }
}
