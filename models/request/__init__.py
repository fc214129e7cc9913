"""Requests: one person asks another for a mentorship, or several mentors one after the other."""

from models.request.expiry import expire_overdue
from models.request.queue import MOST_CHOICES, Choice, Queue
from models.request.request import MOST_PENDING, MentorshipRequest
from models.request.standing import STANDINGS, RequestOwner, RequestStatus, Standing
from models.request.telling import tell
from models.request.terms import LONGEST_MONTHS, REPLY_WITHIN, SHORTEST_MONTHS, Terms

__all__ = [
    "LONGEST_MONTHS",
    "MOST_CHOICES",
    "MOST_PENDING",
    "REPLY_WITHIN",
    "SHORTEST_MONTHS",
    "STANDINGS",
    "Choice",
    "MentorshipRequest",
    "Queue",
    "RequestOwner",
    "RequestStatus",
    "Standing",
    "Terms",
    "expire_overdue",
    "tell",
]
