"""Folding: what a client shows, brought up to date by the events that it hears.

An event shows its subject as it is when it is delivered, which may be later than when it happened: so numbers that
only grow are never taken back.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from tests.journeys.nemesis.history import Event, State


def folded(state: State, events: Iterable[Event], who: str) -> State:
    """The state after the events."""
    state = deepcopy(state)
    for event in events:
        if event.kind in FOLDS:
            FOLDS[event.kind](state, event.seen, who)
    for conversation in state["conversations"].values():
        conversation["unreadCount"] = conversation["lastNumber"] - conversation["readNumber"]
    return state


def _message(state: State, seen: dict[str, Any], who: str) -> None:
    message = seen["message"]
    conversation = state["conversations"].get(message["conversation"]["id"])
    # What is foreign is shown nowhere; the promises about that are others.
    if conversation is None:
        return
    conversation["messages"][message["id"]] = message
    _grow(conversation, "lastNumber", message["number"])
    if message["author"]["id"] == who:
        _grow(conversation, "readNumber", message["number"])


def _conversation(state: State, seen: dict[str, Any], who: str) -> None:
    found = seen["conversation"]
    conversation = state["conversations"].get(found["id"])
    if conversation is None:
        return
    for name in ("lastNumber", "readNumber"):
        _grow(conversation, name, found[name])
    conversation["closedAt"] = found["closedAt"]


def _mentorship(state: State, seen: dict[str, Any], who: str) -> None:
    found = seen["mentorship"]
    if found["id"] in state["mentorships"]:
        state["mentorships"][found["id"]]["status"] = found["status"]
        state["conversations"][found["conversation"]["id"]]["closedAt"] = found["conversation"]["closedAt"]


def _grow(conversation: dict[str, Any], name: str, number: int) -> None:
    conversation[name] = max(conversation[name], number)


FOLDS: dict[str, Callable[[State, dict[str, Any], str], None]] = {
    "MessageCreated": _message,
    "MessageUpdated": _message,
    "ReactionChanged": _message,
    "ReadMarkerMoved": _conversation,
    "ConversationChanged": _conversation,
    "MentorshipChanged": _mentorship,
}
"""What to do with each kind of event; the others change nothing of what is compared."""
