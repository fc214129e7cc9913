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
  ... on SendMessagePayload { sent { number } } ${REFUSAL} } }`;

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

  async call(query, input) {
    const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    for (;;) {
      const answer = await fetch(this.url, { method: "POST", headers, body: JSON.stringify({ query, variables: { input } }) })
        .then(async (response) => (response.status === 503 ? null : response.json()))
        .catch(() => null);
      // No answer, or half of one: a clientId makes it safe to ask again.
      if (answer === null) {
        await sleep(50);
        continue;
      }
      assert.ok(answer.data, JSON.stringify(answer));
      const [payload] = Object.values(answer.data);
      assert.notEqual(payload.__typename, "Refusal", JSON.stringify(payload));
      return payload;
    }
  }

  mentor() {
    return this.call(UPDATE_PROFILE, { capacity: 2, skillsOffered: ["Beekeeping"], languages: ["en"] });
  }

  async ask(mentor) {
    const input = { mentorId: mentor.profileId, message: "Will you?", clientId: "ask" };
    return (await this.call(REQUEST, input)).request.id;
  }

  async accept(requestId) {
    return (await this.call(ACCEPT, { requestId })).mentorship.conversation.id;
  }

  async send(conversationId, body) {
    return (await this.call(SEND, { conversationId, body, clientId: body })).sent.number;
  }

  signOut() {
    return this.call(SIGN_OUT, {});
  }
}
