// Resolvers over DataLoader, for the servers that run graphql-js.
import DataLoader from "dataloader";
import * as source from "./source.js";

export const loaders = () => ({
  skills: new DataLoader(source.skills),
  profiles: new DataLoader(source.profiles),
  participants: new DataLoader(source.participants),
  lastMessages: new DataLoader(source.lastMessages),
  milestones: new DataLoader(source.milestones),
});

export const resolvers = {
  Query: {
    mentors: (_, { first }) => source.mentors(first),
    conversations: (_, { first }) => source.conversations(first),
    mentorship: (_, { id }) => source.mentorship(id),
  },
  Profile: { skillsOffered: ({ id }, _, { skills }) => skills.load(id) },
  Conversation: {
    unreadCount: async ({ id, lastNumber }, _, { participants }) =>
      lastNumber - source.mine(await participants.load(id)).read,
    counterpart: async ({ id }, _, { participants, profiles }) => {
      const person = source.other(await participants.load(id));
      return person ? profiles.load(person) : null;
    },
    lastMessage: ({ id }, _, { lastMessages }) => lastMessages.load(id),
  },
  Message: { author: ({ authorId }, _, { profiles }) => profiles.load(authorId) },
  Mentorship: {
    mentor: ({ mentorId }, _, { profiles }) => profiles.load(mentorId),
    mentee: ({ menteeId }, _, { profiles }) => profiles.load(menteeId),
    goals: ({ id }, { first }) => source.goals(id, first),
  },
  Goal: { milestones: ({ id }, _, { milestones }) => milestones.load(id) },
};
