"""Mentorship requests."""

from schema.request.deeds import RequestMutation
from schema.request.request import NEWEST_FIRST, MentorshipRequest, RequestQuery

__all__ = ["NEWEST_FIRST", "MentorshipRequest", "RequestMutation", "RequestQuery"]
