"""The GraphQL face, one module a concept: types, queries, mutations, subscriptions."""
