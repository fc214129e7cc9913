"""Matching a programme: runs, their drafts, what organisers make of them, and what becomes of the pairs."""

from models.matching.comparison import MOST_TOLD, Change, Comparison, compare
from models.matching.draft import MILLION, ForbiddenPair, LeftOver, LeftOverSide, MatchedPair
from models.matching.input import MatchingInput
from models.matching.matching import LEASE, TOPIC, Matching, MatchingStatus
from models.matching.options import HardRule, RunOptions
from models.matching.publishing import publish, publish_some

__all__ = [
    "LEASE",
    "MILLION",
    "MOST_TOLD",
    "TOPIC",
    "Change",
    "Comparison",
    "ForbiddenPair",
    "HardRule",
    "LeftOver",
    "LeftOverSide",
    "MatchedPair",
    "Matching",
    "MatchingInput",
    "MatchingStatus",
    "RunOptions",
    "compare",
    "publish",
    "publish_some",
]
