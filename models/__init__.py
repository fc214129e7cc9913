"""The domain. One module a concept: its Tortoise models and the verbs that keep them valid."""
