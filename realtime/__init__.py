"""Delivery: the broker, the inbox feed, the WebSocket endpoint and video signalling. Knows no GraphQL type."""
