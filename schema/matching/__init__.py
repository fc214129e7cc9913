"""Matching a programme: runs, drafts, and what organisers do with them."""

from schema.matching.deeds import MatchingMutation
from schema.matching.matching import BEST_FIRST, BY_MAKING, LATEST_FIRST, MatchingQuery, MatchingSubscription

__all__ = ["BEST_FIRST", "BY_MAKING", "LATEST_FIRST", "MatchingMutation", "MatchingQuery", "MatchingSubscription"]
