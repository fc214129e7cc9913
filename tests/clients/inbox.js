// An inbox in the npm client graphql-ws, whose own retry is on: each connection goes on from the last cursor.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const INBOX = `subscription($after: String) { inbox(after: $after) { __typename
  ... on InboxEvent { cursor }
  ... on MessageCreated { message { ...Shown } }
  ... on MessageUpdated { message { ...Shown } }
  ... on ReactionChanged { message { ...Shown } } } }
fragment Shown on Message { id number body reactionCounts { emoji count mine } }`;

export class Inbox {
  events = [];
  connections = 0;
  breaks = 0;

  // The socket breaks in mid-stream `mostBreaks` times, with so many events between.
  constructor(person, mostBreaks, eventsBetweenBreaks) {
    Object.assign(this, { person, mostBreaks, eventsBetweenBreaks });
    this.client = createClient({
      url: person.url.replace("http", "ws"),
      webSocketImpl: WebSocket,
      lazy: true,
      connectionParams: () => ({ authorization: `Bearer ${person.token}` }),
      // A server may take longer to start again than any number of attempts that one would choose.
      retryAttempts: Infinity,
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
    if (this.breaks < this.mostBreaks && this.events.length % this.eventsBetweenBreaks === 0) {
      this.breaks += 1;
      this.socket.terminate();
    }
  }

  of(kind) {
    return this.events.filter((event) => event.__typename === kind);
  }

  // What an app shows that does no more than to take each event's message in the place of what it had.
  get shown() {
    const messages = new Map();
    for (const { message } of this.events) if (message) messages.set(message.id, message);
    return [...messages.values()];
  }

  async heard(isHeard) {
    while (!isHeard()) {
      const ended = this.ended.then((end) => assert.fail(`the subscription ended: ${end.code ?? JSON.stringify(end)} ${end.reason ?? ""}`));
      await Promise.race([sleep(20), ended]);
    }
  }
}
