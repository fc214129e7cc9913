// What the people of the journey say to the server, over HTTP, again and again until it answers.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const REFUSAL = "... on Refusal { __typename message field }";

const SIGN_UP = `mutation($input: SignUpInput!) { signUp(input: $input) {
  ... on SignUpPayload { token account { inboxCursor profile { id } } } ${REFUSAL} } }`;

const UPDATE_PROFILE = `mutation($input: UpdateProfileInput!) { updateProfile(input: $input) {
  ... on UpdateProfilePayload { profile { id } } ${REFUSAL} } }`;

const REQUEST = `mutation($input: RequestMentorshipInput!) { requestMentorship(input: $input) {
  ... on RequestMentorshipPayload { request { id } } ${REFUSAL} } }`;

const ACCEPT = `mutation($input: AcceptMentorshipRequestInput!) { acceptMentorshipRequest(input: $input) {
  ... on AcceptMentorshipRequestPayload { mentorship { conversation { id } } } ${REFUSAL} } }`;

const SEND = `mutation($input: SendMessageInput!) { sendMessage(input: $input) {
  ... on SendMessagePayload { sent { id number } } ${REFUSAL} } }`;

const EDIT = `mutation($input: EditMessageInput!) { editMessage(input: $input) {
  ... on EditMessagePayload { changed { body } } ${REFUSAL} } }`;

const DELETE = `mutation($input: DeleteMessageInput!) { deleteMessage(input: $input) {
  ... on DeleteMessagePayload { changed { deletedAt } } ${REFUSAL} } }`;

const ADD_REACTION = `mutation($input: AddReactionInput!) { addReaction(input: $input) {
  ... on AddReactionPayload { changed { id } } ${REFUSAL} } }`;

const REMOVE_REACTION = `mutation($input: RemoveReactionInput!) { removeReaction(input: $input) {
  ... on RemoveReactionPayload { changed { id } } ${REFUSAL} } }`;

const MARK_READ = `mutation($input: MarkReadInput!) { markRead(input: $input) {
  ... on MarkReadPayload { conversation { readNumber } } ${REFUSAL} } }`;

const MUTE = `mutation($input: MuteConversationInput!) { muteConversation(input: $input) {
  ... on MuteConversationPayload { conversation { muted } } ${REFUSAL} } }`;

const MESSAGES = `query($id: ID!, $after: String) { messages(conversationId: $id, first: 50, after: $after) {
  pageInfo { hasNextPage endCursor } edges { node { id number body reactionCounts { emoji count mine } } } } }`;

const SIGN_OUT = `mutation($input: SignOutInput!) { signOut(input: $input) {
  ... on SignOutPayload { sessionId } ${REFUSAL} } }`;

export class Person {
  constructor(url) {
    this.url = url;
  }

  static async signUp(url, name) {
    const person = new Person(url);
    const email = `${name.toLowerCase()}.${process.pid}@example.org`;
    const input = { email, password: "correct horse battery", name };
    const { token, account } = await person.call(SIGN_UP, input);
    return Object.assign(person, { token, name, profileId: account.profile.id, cursor: account.inboxCursor });
  }

  // `variables` as they are; every mutation takes one `input`. `signal` breaks off the first request.
  async ask(query, variables, signal) {
    const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const request = { method: "POST", headers, body: JSON.stringify({ query, variables }) };
    for (;;) {
      const answer = await fetch(this.url, { ...request, signal })
        .then(async (response) => (response.status === 503 ? null : response.json()))
        .catch(() => null);
      if (answer !== null) {
        assert.ok(answer.data, JSON.stringify(answer));
        return Object.values(answer.data)[0];
      }
      // No answer, or half of one: a clientId makes it safe to ask again.
      signal = undefined;
      await sleep(50);
    }
  }

  async call(mutation, input, signal) {
    const payload = await this.ask(mutation, { input }, signal);
    assert.notEqual(payload.__typename, "Refusal", JSON.stringify(payload));
    return payload;
  }

  mentor() {
    return this.call(UPDATE_PROFILE, { capacity: 2, skillsOffered: ["Beekeeping"], languages: ["en"] });
  }

  async request(mentor) {
    const input = { mentorId: mentor.profileId, message: "Will you?", clientId: "ask" };
    return (await this.call(REQUEST, input)).request.id;
  }

  async accept(requestId) {
    return (await this.call(ACCEPT, { requestId })).mentorship.conversation.id;
  }

  // With a signal that breaks the request off, it is sent again under the same clientId.
  async send(conversationId, body, signal) {
    return (await this.call(SEND, { conversationId, body, clientId: body }, signal)).sent;
  }

  edit(messageId, body) {
    return this.call(EDIT, { messageId, body });
  }

  delete(messageId) {
    return this.call(DELETE, { messageId });
  }

  react(messageId, emoji) {
    return this.call(ADD_REACTION, { messageId, emoji });
  }

  takeBack(messageId, emoji) {
    return this.call(REMOVE_REACTION, { messageId, emoji });
  }

  read(conversationId, number) {
    return this.call(MARK_READ, { conversationId, number });
  }

  mute(conversationId, muted) {
    return this.call(MUTE, { conversationId, muted });
  }

  // All that is in a conversation, as the server says it now.
  async messages(conversationId) {
    const found = [];
    for (let after = null; ; ) {
      const { edges, pageInfo } = await this.ask(MESSAGES, { id: conversationId, after });
      found.push(...edges.map((edge) => edge.node));
      if (!pageInfo.hasNextPage) return found;
      after = pageInfo.endCursor;
    }
  }

  signOut() {
    return this.call(SIGN_OUT, {});
  }
}
