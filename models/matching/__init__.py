"""Matching a programme: runs, their drafts, what organisers make of them, and what becomes of the pairs."""

from models.matching.comparison import MOST_TOLD, Change, Comparison, compare
from models.matching.draft import MILLION, ForbiddenPair, LeftOver, LeftOverSide, MatchedPair
from models.matching.explanation import explain_in
from models.matching.input import MatchingInput
from models.matching.matching import LEASE, TOPIC, Matching
from models.matching.options import RunOptions
from models.matching.publishing import publish, publish_some
from models.matching.status import MatchingStatus

__all__ = [
    "LEASE",
    "MILLION",
    "MOST_TOLD",
    "TOPIC",
    "Change",
    "Comparison",
    "ForbiddenPair",
    "LeftOver",
    "LeftOverSide",
    "MatchedPair",
    "Matching",
    "MatchingInput",
    "MatchingStatus",
    "RunOptions",
    "compare",
    "explain_in",
    "publish",
    "publish_some",
]
