// The part of the schema that the benchmark asks for, the same for every server that takes SDL.
export const typeDefs = `
  type Skill { name: String! }
  type Profile {
    id: ID! name: String! headline: String! experience: String! yearsOfExperience: Int! industry: String!
    timeZone: String! capacity: Int! skillsOffered: [Skill!]!
  }
  type Message { id: ID! body: String! createdAt: String! author: Profile! }
  type Conversation {
    id: ID! lastActivityAt: String! unreadCount: Int! counterpart: Profile lastMessage: Message
  }
  type Milestone { id: ID! title: String! position: Int! completedAt: String }
  type Goal {
    id: ID! title: String! description: String! dueOn: String status: String! milestones: [Milestone!]!
  }
  type Mentorship {
    id: ID! status: String! cadence: String! createdAt: String! endsOn: String! mentor: Profile! mentee: Profile!
    goals(first: Int): GoalConnection!
  }
  type ProfileEdge { node: Profile! }
  type ProfileConnection { edges: [ProfileEdge!]! }
  type ConversationEdge { node: Conversation! }
  type ConversationConnection { edges: [ConversationEdge!]! }
  type GoalEdge { node: Goal! }
  type GoalConnection { edges: [GoalEdge!]! }
  type Query {
    mentors(first: Int): ProfileConnection!
    conversations(first: Int): ConversationConnection!
    mentorship(id: ID!): Mentorship
  }
`;
