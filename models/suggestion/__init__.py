"""Suggestions: whom somebody might ask, why, and whom they do not want to see."""

from models.suggestion.dismissal import MOST_DISMISSED, Dismissal, MatchRole
from models.suggestion.explanation import Explanation, explain_match
from models.suggestion.pool import gather
from models.suggestion.suggest import suggest

__all__ = [
    "MOST_DISMISSED",
    "Dismissal",
    "Explanation",
    "MatchRole",
    "explain_match",
    "gather",
    "suggest",
]
