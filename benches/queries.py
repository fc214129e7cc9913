"""The three queries that are measured, as a client sends them to our schema."""

from dataclasses import dataclass
from typing import Any

from benches.data import Key


@dataclass(frozen=True)
class Case:
    """A query, and the same request in the words of a hand-written endpoint. Ids are Relay's global ids, with us."""

    name: str
    document: str
    parameters: dict[str, Any]


MENTORS = """query Mentors($first: Int!) { mentors(first: $first) { edges { node {
  id name headline experience yearsOfExperience industry timeZone capacity skillsOffered { name } } } } }"""

INBOX = """query Inbox($first: Int!) { conversations(first: $first) { edges { node {
  id lastActivityAt unreadCount counterpart { id name } lastMessage { id body createdAt author { name } } } } } }"""

DASHBOARD = """query Dashboard($id: ID!, $first: Int!) { mentorship(id: $id) {
  id status cadence createdAt endsOn mentor { id name headline timeZone } mentee { id name headline timeZone }
  goals(first: $first) { edges { node { id title description dueOn status
    milestones { id title position completedAt } } } } } }"""


def cases(key: Key) -> list[Case]:
    """The queries for the rows of one database."""
    return [
        Case("Q1 mentors", MENTORS, {"first": 50}),
        Case("Q2 inbox", INBOX, {"first": 20}),
        Case("Q3 dashboard", DASHBOARD, {"id": f"Mentorship:{key.mentorship}", "first": 20}),
    ]
